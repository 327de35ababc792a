// Settings of Redis that tools read or set and that change nothing here. CONFIG GET answers what is
// true of this server; CONFIG SET accepts any value and keeps none, except where Redis cannot
// change the setting either.
#pragma once

#include <span>
#include <string_view>

namespace server {

enum class WhenSet { kIgnored, kRefused };

struct AcceptedSetting {
  std::string_view name;
  std::string_view value;
  WhenSet when_set = WhenSet::kIgnored;
};

// By name.
std::span<const AcceptedSetting> AcceptedSettings();
// Null where there is no such setting.
const AcceptedSetting* FindAcceptedSetting(std::string_view name);

}  // namespace server
