#include "tests/simulation/disk_damage.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "storage/log/segment.h"
#include "storage/node_state.h"

namespace simulation {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kStateFilePercent = 5;

// A file of the directory, without the zeros of its end.
struct UsedFile {
  std::string path;
  std::string bytes;

  std::uint64_t sectors() const { return (bytes.size() + kSectorBytes - 1) / kSectorBytes; }
};

std::vector<UsedFile> UsedSegments(storage::MemoryDisk& disk, const std::string& directory) {
  std::vector<UsedFile> used;
  const auto names = disk.List(directory);
  for (const std::string& name : *names) {
    if (!storage::IsSegmentName(name)) continue;
    UsedFile file{.path = directory + "/" + name};
    auto bytes = disk.ReadFile(file.path);
    if (!bytes) continue;
    file.bytes = bytes->substr(0, bytes->find_last_not_of('\0') + 1);
    if (!file.bytes.empty()) used.push_back(std::move(file));
  }
  return used;
}

}  // namespace

std::string DamageDirectory(storage::MemoryDisk& disk, const std::string& directory,
                            DiskDamage damage, Dice& dice) {
  const std::vector<UsedFile> segments = UsedSegments(disk, directory);
  if (segments.empty()) return {};
  const UsedFile& file = dice.Pick(segments);
  if (damage == DiskDamage::kFlippedBit) {
    const std::string state = directory + "/" + storage::kNodeStateName;
    const bool of_state = dice.Chance(kStateFilePercent) && disk.Exists(state);
    const std::string& path = of_state ? state : file.path;
    const std::uint64_t offset = dice.Below(of_state ? disk.ReadFile(state)->size()  //
                                                     : file.bytes.size());
    disk.FlipBit(path, offset, static_cast<int>(dice.Below(8)));
    return "a bit of byte " + std::to_string(offset) + " of " + path + " flips";
  }
  const std::uint64_t at = dice.Below(file.sectors()) * kSectorBytes;
  const std::string sector = file.bytes.substr(at, kSectorBytes);
  disk.Overwrite(file.path, at, std::string(sector.size(), '\0'));
  const std::string where = "the sector at " + std::to_string(at) + " of " + file.path;
  if (damage == DiskDamage::kLostWrite) return where + " was never written";
  const UsedFile& other = dice.Pick(segments);
  const std::uint64_t there = dice.Below(other.sectors()) * kSectorBytes;
  disk.Overwrite(other.path, there, sector.substr(0, other.bytes.size() - there));
  return where + " was written to " + std::to_string(there) + " of " + other.path;
}

}  // namespace simulation
