// Recovery: the bytes say how a good log is damaged, or are a segment themselves. What is left is
// taken as a whole, cut to a prefix, or reported and not touched.
#include <map>
#include <string>
#include <vector>

#include "crdt/encoding.h"
#include "storage/log/log.h"
#include "storage/memory_disk.h"
#include "targets.h"

namespace fuzz {
namespace {

using storage::MemoryDisk;
using Verdict = storage::RecoveryReport::Verdict;

constexpr const char* kLogId = "0123456789abcdef0123456789abcdef01234567";

storage::LogOptions Options() {
  return {
      .directory = "data", .log_id = kLogId, .region = 1, .segment_bytes = 500, .reserve_bytes = 0};
}

void Append(storage::Log& log, std::uint64_t number) {
  const auto stamp = crdt::Stamp::At(1'800'000'000'000 + number, crdt::Writer(1, 1));
  log.AppendRecord(stamp, 1, "effects of record " + std::to_string(number));
}

// A log of several segments, the last of them half full.
const MemoryDisk& GoodLog() {
  static const MemoryDisk* const disk = [] {
    auto* made = new MemoryDisk();
    storage::Log log(Options(), made);
    for (std::uint64_t number = 1; number <= 30; ++number) {
      Append(log, number);
      crdt::Require(log.WriteOut().has_value(), "the memory holds it");
      if (const auto job = log.BeginSync()) log.OnSyncDone(*job, job->Run());
    }
    return made;
  }();
  return *disk;
}

std::map<std::string, std::string> FilesOf(MemoryDisk& disk) {
  std::map<std::string, std::string> files;
  const auto names = disk.List("data").value();
  for (const std::string& name : names) files[name] = disk.ReadFile("data/" + name).value();
  return files;
}

struct Outcome {
  bool read = false;
  Verdict verdict = Verdict::kWhole;
  std::vector<std::string> payloads;
};

Outcome Recover(MemoryDisk& disk, bool append) {
  Outcome outcome;
  storage::Log log(Options(), &disk);
  const auto report = log.Recover([&](const storage::FrameView& frame) -> crdt::Status {
    outcome.payloads.emplace_back(frame.payload);
    return {};
  });
  if (!report) return outcome;
  outcome.read = true;
  outcome.verdict = report->verdict;
  if (append && outcome.verdict != Verdict::kDamaged) {
    Append(log, 1000);
    crdt::Require(log.WriteOut().has_value(), "a recovered log takes more");
  }
  return outcome;
}

// Changes: which file, where, what; or that it ends there, or is gone.
void Damage(MemoryDisk& disk, crdt::ByteReader& in) {
  while (!in.at_end()) {
    const auto names = disk.List("data").value();
    if (names.empty()) return;
    const std::string path = "data/" + names[in.U8() % names.size()];
    const std::uint8_t what = in.U8();
    std::string bytes = disk.ReadFile(path).value();
    const std::size_t at = bytes.empty() ? 0 : in.Varint() % bytes.size();
    const std::string_view put = in.Bytes();
    if (what % 8 == 0) {
      (void)disk.Remove(path);
      continue;
    }
    if (what % 8 == 1) bytes.resize(at);
    if (what % 8 == 2)
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), '\0');
    if (what % 8 > 2) bytes.replace(at, std::min(put.size(), bytes.size() - at), put);
    (void)disk.ReplaceFile(path, bytes);
  }
}

}  // namespace

void FuzzLog(std::string_view bytes) {
  crdt::ByteReader in(bytes);
  MemoryDisk disk;
  if (in.U8() % 4 == 0) {
    (void)disk.ReplaceFile("data/00000000000000000000.aof", in.Raw(in.remaining()));
  } else {
    disk.CopyFrom(GoodLog());
    Damage(disk, in);
  }
  const auto before = FilesOf(disk);
  const Outcome outcome = Recover(disk, /*append=*/true);
  if (!outcome.read || outcome.verdict == Verdict::kDamaged) {
    crdt::Require(FilesOf(disk) == before, "a damaged log is not changed");
    return;
  }
  const Outcome again = Recover(disk, /*append=*/false);
  crdt::Require(again.read && again.verdict == Verdict::kWhole, "what was cut is whole");
  crdt::Require(
      again.payloads.size() == outcome.payloads.size() + 1 &&
          std::equal(outcome.payloads.begin(), outcome.payloads.end(), again.payloads.begin()),
      "what was read is there, and what was appended");
}

}  // namespace fuzz
