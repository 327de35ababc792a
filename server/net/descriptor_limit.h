// How many files and sockets the process may have open.
#pragma once

#include <cstdint>

namespace server {

// Descriptors that are no clients: the log, the listeners and the other nodes.
inline constexpr std::uint64_t kOwnDescriptors = 128;

// Raises the limit to `wanted` as far as the process may, and returns what it is then.
std::uint64_t RaiseDescriptorLimit(std::uint64_t wanted);

}  // namespace server
