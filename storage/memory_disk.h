// A disk in memory that can crash and fail: for tests and the simulator. Deterministic.
//
// What was written and not synced is lost at Crash(), wholly or down to a torn prefix, and so is
// the name of a file that was created and whose directory was not synced. Removed and changed names
// are durable at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/disk.h"

namespace storage {

class MemoryDisk : public Disk {
 public:
  crdt::Result<std::shared_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  crdt::Result<std::vector<std::string>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  crdt::Status Remove(const std::string& path) override;
  crdt::Status Rename(const std::string& from, const std::string& to) override;
  crdt::Status Link(const std::string& from, const std::string& to) override;
  crdt::Status MakeDirectory(const std::string& path) override;
  crdt::Status RemoveDirectory(const std::string& path) override;
  crdt::Status SyncDirectory(const std::string& path) override;
  crdt::Result<DiskSpace> Space(const std::string& path) override;
  crdt::Status ReplaceFile(const std::string& path, std::string_view bytes) override;

  // The machine stops: of each file's unsynced writes a prefix of the sequence survives, its last
  // one perhaps torn. `dice` yields random words. Open files keep working on what is left.
  void Crash(const std::function<std::uint64_t()>& dice);
  // The process stops and the machine goes on: nothing is lost (the default between two opens).

  // --- Faults ------------------------------------------------------------------------------------
  // Bytes that the disk can hold; 0: no limit.
  void SetCapacity(std::uint64_t bytes) { capacity_ = bytes; }
  void FailSyncs(bool fail) { fail_syncs_ = fail; }
  void FailReads(bool fail) { fail_reads_ = fail; }
  bool fails_reads() const { return fail_reads_; }
  void FailWrites(bool fail) { fail_writes_ = fail; }
  // From the change number `changes` from now on (0: the next), everything that changes the disk
  // fails, until Crash(): the power goes between two steps of the program.
  void StopAfter(std::uint64_t changes) { changes_left_ = changes; }
  bool stopped() const { return changes_left_ == std::uint64_t{0}; }
  void FlipBit(const std::string& path, std::uint64_t offset, int bit);
  // Other bytes durably stand there, whoever wrote them. Only within the file.
  void Overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes);
  // Everything of another disk, as a copied machine image.
  void CopyFrom(const MemoryDisk& other);
  // The same files with the same bytes in them.
  bool HoldsTheSameAs(const MemoryDisk& other) const;
  std::uint64_t used_bytes() const;
  std::uint64_t syncs() const { return syncs_; }

 private:
  friend class MemoryFile;
  struct Write {
    std::uint64_t offset;
    std::string bytes;
    std::optional<std::uint64_t> resize;  // A change of size instead of a write.
  };
  struct Content {
    std::string synced;
    std::string current;
    std::vector<Write> unsynced;
  };

  std::uint64_t Room() const;
  // Counts a change; an error where the disk has stopped.
  crdt::Status Change();

  std::map<std::string, std::shared_ptr<Content>> files_;
  std::uint64_t capacity_ = 0;
  bool fail_syncs_ = false;
  bool fail_reads_ = false;
  bool fail_writes_ = false;
  std::optional<std::uint64_t> changes_left_;
  std::set<std::string> new_names_;  // Not durable yet.
  std::uint64_t syncs_ = 0;
};

}  // namespace storage
