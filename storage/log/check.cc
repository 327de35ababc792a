#include "storage/log/check.h"

#include "storage/node_state.h"

namespace storage {
namespace {

using crdt::Status;

// Shows the directory and keeps what recovery would write to itself.
class ReadOnlyFile : public File {
 public:
  explicit ReadOnlyFile(std::shared_ptr<File> file) : file_(std::move(file)) {}
  Status WriteAt(std::uint64_t, std::string_view) override { return {}; }
  crdt::Result<std::string> ReadAt(std::uint64_t offset, std::size_t size) const override {
    return file_->ReadAt(offset, size);
  }
  Status Sync() override { return {}; }
  crdt::Result<std::uint64_t> Size() const override { return file_->Size(); }
  Status Preallocate(std::uint64_t) override { return {}; }
  Status Truncate(std::uint64_t) override { return {}; }

 private:
  std::shared_ptr<File> file_;
};

class ReadOnlyDisk : public Disk {
 public:
  explicit ReadOnlyDisk(Disk& disk) : disk_(disk) {}
  crdt::Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode) override {
    auto file = disk_.Open(path, OpenMode::kRead);
    if (!file) return std::unexpected(file.error());
    return std::make_shared<ReadOnlyFile>(*std::move(file));
  }
  crdt::Result<std::vector<std::string>> List(const std::string& directory) override {
    return disk_.List(directory);
  }
  bool Exists(const std::string& path) override { return disk_.Exists(path); }
  Status Remove(const std::string&) override { return {}; }
  Status Rename(const std::string&, const std::string&) override { return {}; }
  Status Link(const std::string&, const std::string&) override { return {}; }
  Status MakeDirectory(const std::string&) override { return {}; }
  Status RemoveDirectory(const std::string&) override { return {}; }
  Status SyncDirectory(const std::string&) override { return {}; }
  crdt::Result<DiskSpace> Space(const std::string& path) override { return disk_.Space(path); }
  Status ReplaceFile(const std::string&, std::string_view) override { return {}; }

 private:
  Disk& disk_;
};

}  // namespace

crdt::Result<CheckReport> CheckLog(Disk& disk, const std::string& directory, Repair repair) {
  const auto bytes = disk.ReadFile(directory + "/" + kNodeStateName);
  if (!bytes) return std::unexpected(bytes.error());
  const auto state = NodeState::Decode(*bytes);
  if (!state) return std::unexpected(state.error());
  ReadOnlyDisk looking(disk);
  CheckReport report;
  std::string undecodable;
  const auto check_frame = [&](const FrameView& frame) -> Status {
    if (frame.kind() != FrameKind::kRecord) return {};
    const auto record = DecodeRecord(frame.payload, frame.before);
    if (!record) {
      if (undecodable.empty()) {
        undecodable = "the frame that ends at position " + std::to_string(frame.end) + ": " +
                      record.error().detail;
      }
      return {};
    }
    ++report.records;
    report.effects += record->effect_count;
    if (report.first.Get(record->first_stamp.writer()).is_zero()) {
      report.first.Advance(record->first_stamp);
    }
    report.last.Advance(record->last_stamp());
    return {};
  };
  // What stands before it is in the checkpoint.
  const RecoveryStart wherever{.begins_by = ~LogPosition{0}};
  auto recovered = RecoverLog(looking, directory, state->log_id, check_frame, wherever);
  if (!recovered) return std::unexpected(recovered.error());
  if (!undecodable.empty() && recovered->report.verdict != RecoveryReport::Verdict::kDamaged) {
    recovered->report.verdict = RecoveryReport::Verdict::kDamaged;
    recovered->report.detail = undecodable;
  }
  report.recovery = recovered->report;
  if (repair == Repair::kTail && report.recovery.verdict == RecoveryReport::Verdict::kTornTail) {
    const auto repaired = RecoverLog(
        disk, directory, state->log_id, [](const FrameView&) -> Status { return {}; }, wherever);
    if (!repaired) return std::unexpected(repaired.error());
    report.repaired = true;
  }
  return report;
}

std::string CheckReport::ToString() const {
  const auto count = [](std::uint64_t number, std::string_view what) {
    return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
  };
  std::string text = count(recovery.segments, "segment") + ", " + count(recovery.frames, "frame") +
                     ", " + count(records, "record") + ", " + count(effects, "effect") + ", " +
                     count(recovery.position - recovery.begin, "byte") + "\n";
  if (recovery.begin > 0) {
    text += "what was before position " + std::to_string(recovery.begin) +
            " is in the checkpoint alone\n";
  }
  for (const crdt::Stamp stamp : last.entries()) {
    text += "writer " + std::to_string(stamp.region()) + "." +
            std::to_string(stamp.writer().epoch_slot()) + ": first stamp " +
            std::to_string(first.Get(stamp.writer()).value()) + ", last stamp " +
            std::to_string(stamp.value()) + " at " + std::to_string(stamp.unix_ms()) + " ms\n";
  }
  switch (recovery.verdict) {
    case RecoveryReport::Verdict::kWhole:
      return text + "the log is whole\n";
    case RecoveryReport::Verdict::kTornTail:
      if (repaired) return text + recovery.detail + "\n";
      return text + "a torn tail begins at position " + std::to_string(recovery.position) +
             "; a start or a repair cuts it and keeps it aside\n";
    case RecoveryReport::Verdict::kDamaged:
      return text + "damaged: " + recovery.detail + "\n";
  }
  return text;
}

}  // namespace storage
