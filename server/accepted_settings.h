// Settings of Redis that tools read or set and that change nothing here. CONFIG GET answers what is
// true of this server; CONFIG SET accepts any value that makes sense and keeps none, except where
// Redis cannot change the setting either.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace server {

// Which values are accepted. kMemory: bytes, with a unit or without. kNothing: none but the
// present.
enum class Takes { kText, kYesNo, kNumber, kMemory, kPolicy, kNothing };

struct AcceptedSetting {
  std::string_view name;
  std::string_view value;
  Takes takes;
  // Of numbers and of bytes, as in Redis.
  std::int64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
};

// By name.
std::span<const AcceptedSetting> AcceptedSettings();
// Empty where the setting may be set to `value`, else what Redis says then.
std::string WhyNot(const AcceptedSetting& setting, std::string_view value);
// Null where there is no such setting.
const AcceptedSetting* FindAcceptedSetting(std::string_view name);

}  // namespace server
