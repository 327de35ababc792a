#include "replication/messages.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;

void AppendDigestedKey(const DigestedKey& key, std::string& entries) {
  crdt::ByteWriter out(entries);
  out.Bytes(key.key);
  out.U64(key.digest);
  out.Bytes(key.object);
}

crdt::Result<std::vector<DigestedKey>> DecodeDigestedKeys(std::string_view entries) {
  std::vector<DigestedKey> keys;
  crdt::ByteReader in(entries);
  while (!in.at_end()) {
    const std::string_view name = in.Bytes();
    const std::uint64_t digest = in.U64();
    keys.push_back({.key = name, .digest = digest, .object = in.Bytes()});
    if (!in.ok()) return Fail(ErrorCode::kCorrupt, "digests of keys do not decode");
  }
  return keys;
}

}  // namespace replication
