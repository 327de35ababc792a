#include "storage/snapshot/snapshot_manifest.h"

#include <xxhash.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>

#include "crdt/encoding.h"

namespace storage {

using crdt::ByteReader;
using crdt::ByteWriter;
using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;

namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksum = 8;
// Bytes of a name, a size and a checksum.
constexpr std::size_t kLeastFileBytes = 10;
// Digits are shown as 0.
constexpr std::string_view kNameBegins = "00000000T000000.000Z-region";

// Whether it stays below the directory: these files are read and copied.
bool IsBelow(std::string_view name) {
  return !name.empty() && name.front() != '/' && !name.contains("..") && !name.contains('\0');
}

}  // namespace

std::string SnapshotManifest::Encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  out.U32(kVersion);
  out.Bytes(deployment);
  out.U8(region);
  out.Bytes(region_name);
  out.Varint(ordinal);
  out.U64(static_cast<std::uint64_t>(unix_ms));
  out.Varint(epoch);
  out.Bytes(log_id);
  out.Varint(position);
  floor.Encode(out);
  out.Varint(keys);
  out.Varint(files.size());
  for (const SnapshotFile& file : files) {
    out.Bytes(file.name);
    out.Varint(file.bytes);
    out.U64(file.checksum);
  }
  out.U64(XXH3_64bits(bytes.data(), bytes.size()));
  return bytes;
}

Result<SnapshotManifest> SnapshotManifest::Decode(std::string_view bytes) {
  const std::string_view body = bytes.substr(0, bytes.size() - std::min(bytes.size(), kChecksum));
  ByteReader in(body);
  const std::uint32_t version = in.U32();
  if (in.ok() && version > kVersion) {
    return Fail(ErrorCode::kUnsupported, "a snapshot of version " + std::to_string(version) +
                                             "; this build reads up to " +
                                             std::to_string(kVersion));
  }
  if (ByteReader(bytes.substr(body.size())).U64() != XXH3_64bits(body.data(), body.size())) {
    in.Invalidate();
  }
  SnapshotManifest manifest;
  manifest.deployment = in.Bytes();
  manifest.region = in.U8();
  manifest.region_name = in.Bytes();
  manifest.ordinal = static_cast<std::uint32_t>(in.Varint());
  manifest.unix_ms = static_cast<std::int64_t>(in.U64());
  manifest.epoch = in.Varint();
  manifest.log_id = in.Bytes();
  manifest.position = in.Varint();
  auto floor = crdt::VersionVector::Decode(in);
  if (floor) manifest.floor = *std::move(floor);
  manifest.keys = in.Varint();
  const std::uint64_t files = in.Count(kLeastFileBytes);
  for (std::uint64_t i = 0; i < files; ++i) {
    SnapshotFile file;
    file.name = in.Bytes();
    file.bytes = in.Varint();
    file.checksum = in.U64();
    if (!IsBelow(file.name)) in.Invalidate();
    manifest.files.push_back(std::move(file));
  }
  if (!floor || !in.ok() || !in.at_end()) {
    return Fail(ErrorCode::kCorrupt, "the manifest is damaged");
  }
  return manifest;
}

std::uint64_t SnapshotManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const SnapshotFile& file : files) sum += file.bytes;
  return sum;
}

std::string SnapshotName(std::int64_t unix_ms, crdt::RegionId region, std::uint32_t ordinal) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const auto midnight = floor<days>(time);
  const year_month_day date(midnight);
  const hh_mm_ss<milliseconds> clock(time - midnight);
  char name[80];
  std::snprintf(
      name, sizeof name, "%04d%02u%02uT%02d%02d%02d.%03dZ-region%u-node%u",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()), static_cast<unsigned>(region), ordinal);
  return name;
}

bool IsSnapshotName(std::string_view name) {
  if (name.size() <= kNameBegins.size()) return false;
  const auto matches = [](char letter, char pattern) {
    return pattern == '0' ? std::isdigit(static_cast<unsigned char>(letter)) != 0
                          : letter == pattern;
  };
  return std::ranges::equal(name.substr(0, kNameBegins.size()), kNameBegins, matches) &&
         name.contains("-node");
}

}  // namespace storage
