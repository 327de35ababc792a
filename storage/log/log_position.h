// A place in a shard's log: bytes since the log's beginning, always at the end of a frame.
#pragma once

#include <cstdint>

namespace storage {

using LogPosition = std::uint64_t;

}  // namespace storage
