// Settings of Redis that tools read or set and that change nothing here. CONFIG GET answers what is
// true of this server; CONFIG SET accepts any value and keeps none.
#pragma once

#include <span>
#include <string_view>

namespace server {

struct AcceptedSetting {
  std::string_view name;
  std::string_view value;
};

// By name.
std::span<const AcceptedSetting> AcceptedSettings();
// Null where there is no such setting.
const AcceptedSetting* FindAcceptedSetting(std::string_view name);

}  // namespace server
