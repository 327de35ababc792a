#include "storage/node_state.h"

#include <xxhash.h>

#include "crdt/encoding.h"

namespace storage {
namespace {

constexpr std::uint32_t kVersion = 3;

}  // namespace

std::string NodeState::Encode() const {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  out.U32(kVersion);
  out.Bytes(deployment);
  out.U8(region);
  out.Varint(ordinal);
  out.Bytes(log_id);
  out.U8(primary ? 1 : 0);
  out.Varint(epoch);
  out.U8(clean ? 1 : 0);
  out.Varint(clean_end);
  out.Bytes(boot_id);
  out.U64(identity);
  out.U8(began_anew ? 1 : 0);
  out.Bytes(membership);
  out.U64(XXH3_64bits(bytes.data(), bytes.size()));
  return bytes;
}

crdt::Result<NodeState> NodeState::Decode(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  const std::uint32_t version = in.U32();
  if (in.ok() && version > kVersion) {
    return crdt::Fail(crdt::ErrorCode::kUnsupported,
                      "a node state of version " + std::to_string(version) +
                          "; this build reads up to " + std::to_string(kVersion));
  }
  NodeState state;
  state.deployment = in.Bytes();
  state.region = in.U8();
  state.ordinal = static_cast<std::uint32_t>(in.Varint());
  state.log_id = in.Bytes();
  state.primary = in.U8() != 0;
  state.epoch = in.Varint();
  state.clean = in.U8() != 0;
  state.clean_end = in.Varint();
  state.boot_id = in.Bytes();
  state.identity = in.U64();
  if (version > 1) state.began_anew = in.U8() != 0;
  if (version > 2) state.membership = in.Bytes();
  const std::size_t size = bytes.size() - in.remaining();
  const std::uint64_t checksum = in.U64();
  if (!in.ok() || !in.at_end() || checksum != XXH3_64bits(bytes.data(), size)) {
    return crdt::Fail(crdt::ErrorCode::kCorrupt, "the node state is damaged");
  }
  return state;
}

bool ProvesNothingLost(const NodeState& state, const RecoveryReport& recovery,
                       std::string_view boot_id) {
  if (recovery.verdict != RecoveryReport::Verdict::kWhole) return false;
  if (state.clean && state.clean_end == recovery.position) return true;
  return !boot_id.empty() && state.boot_id == boot_id;
}

}  // namespace storage
