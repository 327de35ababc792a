#include "storage/memory_disk.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace storage {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

class MemoryFile : public File {
 public:
  MemoryFile(MemoryDisk& disk, std::shared_ptr<MemoryDisk::Content> content)
      : disk_(disk), content_(std::move(content)) {}

  Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    if (disk_.fail_writes_) return Fail(ErrorCode::kInputOutput, "the disk cannot be written");
    if (Status going = disk_.Change(); !going) return going;
    const std::uint64_t size = content_->current.size();
    const std::uint64_t end = offset + bytes.size();
    const std::uint64_t more = end > size ? end - size : 0;
    const std::uint64_t lacking = more - std::min(more, disk_.Room());
    // What fits is written, as the kernel does.
    bytes.remove_suffix(std::min<std::uint64_t>(lacking, bytes.size()));
    if (!bytes.empty()) {
      Put(content_->current, offset, bytes);
      content_->unsynced.push_back({offset, std::string(bytes), std::nullopt});
    }
    if (lacking > 0) return Fail(ErrorCode::kDiskFull, "no space is left on the disk");
    return {};
  }

  crdt::Result<std::string> ReadAt(std::uint64_t offset, std::size_t size) const override {
    if (disk_.fail_reads_) return Fail(ErrorCode::kInputOutput, "the disk cannot be read");
    if (offset >= content_->current.size()) return std::string();
    return content_->current.substr(offset, size);
  }

  Status Sync() override {
    if (disk_.fail_syncs_) return Fail(ErrorCode::kInputOutput, "the disk cannot sync");
    if (Status going = disk_.Change(); !going) return going;
    ++disk_.syncs_;
    for (const MemoryDisk::Write& write : content_->unsynced) Replay(content_->synced, write);
    content_->unsynced.clear();
    return {};
  }

  crdt::Result<std::uint64_t> Size() const override { return content_->current.size(); }

  Status Preallocate(std::uint64_t size) override {
    if (size <= content_->current.size()) return {};
    if (size - content_->current.size() > disk_.Room()) {
      return Fail(ErrorCode::kDiskFull, "no space is left on the disk");
    }
    return Truncate(size);
  }

  Status Truncate(std::uint64_t size) override {
    if (Status going = disk_.Change(); !going) return going;
    content_->current.resize(size);
    content_->unsynced.push_back({0, {}, size});
    return {};
  }

  static void Put(std::string& to, std::uint64_t offset, std::string_view bytes) {
    if (to.size() < offset + bytes.size()) to.resize(offset + bytes.size());
    to.replace(offset, bytes.size(), bytes);
  }
  static void Replay(std::string& to, const MemoryDisk::Write& write) {
    if (write.resize) {
      to.resize(*write.resize);
    } else {
      Put(to, write.offset, write.bytes);
    }
  }

 private:
  MemoryDisk& disk_;
  std::shared_ptr<MemoryDisk::Content> content_;
};

crdt::Result<std::shared_ptr<File>> MemoryDisk::Open(const std::string& path, OpenMode mode) {
  auto found = files_.find(path);
  if (found == files_.end()) {
    if (mode != OpenMode::kCreate) {
      return Fail(ErrorCode::kInputOutput, "cannot open " + path + ": no such file");
    }
    if (Status going = Change(); !going) return std::unexpected(going.error());
    found = files_.emplace(path, std::make_shared<Content>()).first;
    new_names_.insert(path);
  }
  return std::make_shared<MemoryFile>(*this, found->second);
}

crdt::Result<std::vector<std::string>> MemoryDisk::List(const std::string& directory) {
  std::set<std::string> names;
  const std::string prefix = directory + "/";
  for (auto file = files_.lower_bound(prefix);
       file != files_.end() && file->first.starts_with(prefix); ++file) {
    const std::string_view rest = std::string_view(file->first).substr(prefix.size());
    names.emplace(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

bool MemoryDisk::Exists(const std::string& path) {
  if (files_.contains(path)) return true;
  const auto within = files_.lower_bound(path + "/");
  return within != files_.end() && within->first.starts_with(path + "/");
}

Status MemoryDisk::Remove(const std::string& path) {
  if (Status going = Change(); !going) return going;
  if (files_.erase(path) == 0) {
    return Fail(ErrorCode::kInputOutput, "cannot remove " + path + ": no such file");
  }
  new_names_.erase(path);
  return {};
}

Status MemoryDisk::Rename(const std::string& from, const std::string& to) {
  if (Status going = Change(); !going) return going;
  auto moved = files_.extract(from);
  if (moved.empty()) {
    return Fail(ErrorCode::kInputOutput, "cannot rename " + from + ": no such file");
  }
  files_.erase(to);
  moved.key() = to;
  files_.insert(std::move(moved));
  new_names_.erase(to);
  if (new_names_.erase(from) > 0) new_names_.insert(to);
  return {};
}

Status MemoryDisk::Link(const std::string& from, const std::string& to) {
  if (Status going = Change(); !going) return going;
  const auto found = files_.find(from);
  if (found == files_.end() || files_.contains(to)) {
    return Fail(ErrorCode::kInputOutput, "cannot link to " + from + " from " + to);
  }
  files_[to] = found->second;
  new_names_.insert(to);
  return {};
}

Status MemoryDisk::MakeDirectory(const std::string&) {
  return {};
}

Status MemoryDisk::RemoveDirectory(const std::string& path) {
  if (Status going = Change(); !going) return going;
  const auto is_within = [prefix = path + "/"](const std::string& name) {
    return name.starts_with(prefix);
  };
  std::erase_if(files_, [&](const auto& file) { return is_within(file.first); });
  std::erase_if(new_names_, is_within);
  return {};
}

Status MemoryDisk::SyncDirectory(const std::string& path) {
  if (fail_syncs_) return Fail(ErrorCode::kInputOutput, "the disk cannot sync");
  if (Status going = Change(); !going) return going;
  std::erase_if(new_names_, [&](const std::string& name) { return name.starts_with(path + "/"); });
  return {};
}

crdt::Result<DiskSpace> MemoryDisk::Space(const std::string&) {
  const std::uint64_t total = capacity_ == 0 ? std::uint64_t{1} << 40 : capacity_;
  return DiskSpace{total - std::min(total, used_bytes()), total};
}

Status MemoryDisk::ReplaceFile(const std::string& path, std::string_view bytes) {
  if (fail_syncs_) return Fail(ErrorCode::kInputOutput, "the disk cannot sync");
  if (Status going = Change(); !going) return going;
  if (bytes.size() > Room()) return Fail(ErrorCode::kDiskFull, "no space is left on the disk");
  auto content = std::make_shared<Content>();
  content->synced = bytes;
  content->current = bytes;
  files_[path] = std::move(content);
  new_names_.erase(path);
  return {};
}

Status MemoryDisk::Change() {
  if (stopped()) return Fail(ErrorCode::kInputOutput, "the disk has stopped");
  if (changes_left_) --*changes_left_;
  return {};
}

std::uint64_t MemoryDisk::Room() const {
  if (capacity_ == 0) return std::numeric_limits<std::uint64_t>::max();
  return capacity_ - std::min(capacity_, used_bytes());
}

void MemoryDisk::Crash(const std::function<std::uint64_t()>& dice) {
  changes_left_.reset();
  for (const std::string& path : new_names_) {
    if (dice() % 2 == 0) files_.erase(path);
  }
  new_names_.clear();
  for (auto& [path, content] : files_) {
    const std::size_t survive = dice() % (content->unsynced.size() + 1);
    for (std::size_t i = 0; i < survive; ++i) {
      Write& write = content->unsynced[i];
      if (i + 1 == survive && !write.bytes.empty() && dice() % 2 == 0) {
        write.bytes.resize(dice() % write.bytes.size());
      }
      MemoryFile::Replay(content->synced, write);
    }
    content->unsynced.clear();
    content->current = content->synced;
  }
}

void MemoryDisk::FlipBit(const std::string& path, std::uint64_t offset, int bit) {
  Content& content = *files_.at(path);
  content.current.at(offset) = static_cast<char>(content.current.at(offset) ^ (1 << bit));
  content.synced.at(offset) = content.current.at(offset);
}

void MemoryDisk::Overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  Content& content = *files_.at(path);
  content.current.replace(offset, bytes.size(), bytes);
  content.synced.replace(offset, bytes.size(), bytes);
}

void MemoryDisk::CopyFrom(const MemoryDisk& other) {
  files_.clear();
  new_names_.clear();
  for (const auto& [path, content] : other.files_) {
    files_[path] = std::make_shared<Content>(*content);
  }
}

bool MemoryDisk::HoldsTheSameAs(const MemoryDisk& other) const {
  return std::ranges::equal(files_, other.files_, [](const auto& one, const auto& two) {
    return one.first == two.first && one.second->current == two.second->current;
  });
}

std::uint64_t MemoryDisk::used_bytes() const {
  std::uint64_t used = 0;
  std::set<const Content*> counted;  // A file may have several names.
  for (const auto& [path, content] : files_) {
    if (counted.insert(content.get()).second) used += content->current.size();
  }
  return used;
}

}  // namespace storage
