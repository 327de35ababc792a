// What a node remembers of itself across restarts, beside its log: one small file, replaced in one
// step. docs/formats.md, "Node state".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/result.h"
#include "crdt/stamp.h"
#include "storage/disk.h"
#include "storage/log/log_position.h"
#include "storage/log/recovery.h"

namespace storage {

struct NodeState {
  std::string deployment;
  crdt::RegionId region = 0;
  std::uint32_t ordinal = 0;
  std::string log_id;  // 40 hex digits.
  bool primary = false;
  crdt::Epoch epoch = 0;  // The greatest that this node has taken; 0: none.
  // Set by a clean stop, taken away durably at the next start: where the log ended.
  bool clean = false;
  LogPosition clean_end = 0;
  std::string boot_id;  // Of the machine when the node last started.
  // Of the directory in which the node last took a role: tells a copy from the original. 0: none.
  std::uint64_t identity = 0;
  // What the node once had may be gone, and it has not got back yet what others had.
  bool began_anew = false;
  // What commands have changed of who the regions are: bytes of geo-config/membership.h; none:
  // nothing.
  std::string membership;

  std::string Encode() const;
  static crdt::Result<NodeState> Decode(std::string_view bytes);
};

// Whether the log still ends with everything that this node ever handed to it, so that its epoch
// can go on: it ends at the clean mark; or it ends whole, and the machine that kept what the
// process had written has not restarted since.
bool ProvesNothingLost(const NodeState& state, const RecoveryReport& recovery,
                       std::string_view boot_id);

inline constexpr const char* kNodeStateName = "node";

}  // namespace storage
