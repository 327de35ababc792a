// A snapshot as it is told to clients.
#pragma once

#include <string>

#include "server/resp/reply_pairs.h"
#include "storage/snapshot/snapshot_directory.h"

namespace server {

inline void WriteSnapshot(ReplyWriter& reply, const std::string& data_directory,
                          const std::string& name, const storage::SnapshotManifest& manifest) {
  reply.Map(9);
  Pair(reply, "name", name);
  Pair(reply, "path", storage::SnapshotsIn(data_directory) + "/" + name);
  Pair(reply, "complete", true);
  Pair(reply, "time_ms", manifest.unix_ms);
  Pair(reply, "keys", manifest.keys);
  Pair(reply, "bytes", manifest.bytes());
  Pair(reply, "position", manifest.position);
  Pair(reply, "epoch", manifest.epoch);
  Pair(reply, "vector", manifest.floor.ToString());
}

// One that cannot be read, and why.
inline void WriteUnusableSnapshot(ReplyWriter& reply, const std::string& data_directory,
                                  const std::string& name, const std::string& detail) {
  reply.Map(4);
  Pair(reply, "name", name);
  Pair(reply, "path", storage::SnapshotsIn(data_directory) + "/" + name);
  Pair(reply, "complete", false);
  Pair(reply, "detail", detail);
}

}  // namespace server
