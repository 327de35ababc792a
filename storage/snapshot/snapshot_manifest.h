// What a snapshot is: its last file, written when all others are durable. A directory without it is
// an unfinished snapshot. docs/formats.md, "Snapshots".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/log/log_position.h"

namespace storage {

struct SnapshotFile {
  std::string name;  // Below the snapshot's directory.
  std::uint64_t bytes = 0;
  // XXH3-64. 0: the file is shared with others, and has checksums of its own.
  std::uint64_t checksum = 0;

  bool operator==(const SnapshotFile&) const = default;
};

struct SnapshotManifest {
  std::string deployment;
  crdt::RegionId region = 0;
  std::string region_name;
  std::uint32_t ordinal = 0;
  std::int64_t unix_ms = 0;
  crdt::Epoch epoch = 0;  // The greatest that the node had taken.
  std::string log_id;
  // The data are as they were when the log ended there, with this vector.
  LogPosition position = 0;
  crdt::VersionVector floor;
  std::uint64_t keys = 0;
  std::vector<SnapshotFile> files;

  std::string Encode() const;
  static crdt::Result<SnapshotManifest> Decode(std::string_view bytes);
  // Of all files, as if they were shared with nobody.
  std::uint64_t bytes() const;

  bool operator==(const SnapshotManifest&) const = default;
};

inline constexpr const char* kSnapshotManifestName = "SNAPSHOT";

// "20261126T190642.123Z-region1-node0": names go by time.
std::string SnapshotName(std::int64_t unix_ms, crdt::RegionId region, std::uint32_t ordinal);
bool IsSnapshotName(std::string_view name);

}  // namespace storage
