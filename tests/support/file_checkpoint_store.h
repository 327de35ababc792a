// A checkpoint store in one file of a disk in memory, replaced at each flush. What was written
// since the last one is lost with the process, unless the dice flushed it, as RocksDB may at any
// time.
#pragma once

#include <xxhash.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crdt/encoding.h"
#include "storage/checkpoint/checkpoint_store.h"
#include "storage/key_location.h"
#include "storage/memory_disk.h"

namespace storage {

class FileCheckpointStore : public CheckpointStore {
 public:
  // `flushes` is asked after each batch.
  FileCheckpointStore(MemoryDisk& disk, std::string path, std::function<bool()> flushes)
      : disk_(disk), path_(std::move(path)), flushes_(std::move(flushes)) {}

  // An error is the disk's, or what is there does not decode.
  crdt::Status Open() {
    if (!disk_.Exists(path_)) return {};
    const auto bytes = disk_.ReadFile(path_);
    if (!bytes) return std::unexpected(bytes.error());
    crdt::ByteReader in(*bytes);
    const std::uint64_t checksum = in.U64();
    const std::string_view rest = std::string_view(*bytes).substr(bytes->size() - in.remaining());
    if (checksum != XXH3_64bits(rest.data(), rest.size())) {
      return crdt::Fail(crdt::ErrorCode::kCorrupt, path_ + " is damaged");
    }
    if (in.U8() != 0) mark_ = in.Bytes();
    reach_ = in.Varint();
    while (!in.at_end()) {
      const std::string_view key = in.Bytes();
      rows_[PlaceOf(key)] = in.Bytes();
    }
    return in.ok() ? crdt::Status()
                   : crdt::Fail(crdt::ErrorCode::kCorrupt, path_ + " does not decode");
  }

  crdt::Status Write(const CheckpointBatch& batch) override {
    batch.Visit([this](const CheckpointBatch::Change& change) {
      switch (change.kind) {
        case CheckpointBatch::Kind::kPut:
          Put(change);
          break;
        case CheckpointBatch::Kind::kRemove:
          Remove(change.key);
          break;
        case CheckpointBatch::Kind::kMark:
          mark_ = change.value;
          break;
        case CheckpointBatch::Kind::kReach:
          reach_ = *DecodeCheckpointReach(change.value);
          break;
      }
    });
    return flushes_() ? Flush() : crdt::Status();
  }

  crdt::Status Flush() override {
    std::string bytes;
    crdt::ByteWriter out(bytes);
    out.U8(mark_ ? 1 : 0);
    if (mark_) out.Bytes(*mark_);
    out.Varint(reach_);
    for (const auto& [place, value] : rows_) {
      out.Bytes(place.second);
      out.Bytes(value);
    }
    std::string file;
    crdt::ByteWriter(file).U64(XXH3_64bits(bytes.data(), bytes.size()));
    return disk_.ReplaceFile(path_, file + bytes);
  }

  crdt::Result<std::optional<std::string>> Mark() override { return mark_; }

  crdt::Result<LogPosition> Reach() override { return reach_; }

  crdt::Result<std::optional<std::string>> Row(std::string_view key) override {
    const auto row = rows_.find(PlaceOf(key));
    return row == rows_.end() ? std::nullopt : std::optional(row->second);
  }

  crdt::Status VisitRows(
      PartitionId partition, const std::optional<std::string>& after,
      const std::function<crdt::Result<bool>(std::string_view key, std::string_view value)>& visit)
      override {
    auto row = after ? rows_.upper_bound({partition, *after}) : rows_.lower_bound({partition, ""});
    while (row != rows_.end() && row->first.first == partition) {
      const auto [place, value] = *row;  // The visitor may write.
      const auto more = visit(place.second, value);
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
      row = rows_.upper_bound(place);
    }
    return {};
  }

  crdt::Status Clear() override {
    rows_.clear();
    mark_.reset();
    reach_ = 0;
    return disk_.Exists(path_) ? disk_.Remove(path_) : crdt::Status();
  }

  crdt::Result<std::vector<std::string>> CopyTo(const std::string& directory,
                                                const std::string& name) override {
    if (crdt::Status flushed = Flush(); !flushed) return std::unexpected(flushed.error());
    if (crdt::Status linked = disk_.Link(path_, directory + "/" + name); !linked) {
      return std::unexpected(linked.error());
    }
    return std::vector{name};
  }

  std::uint64_t disk_bytes() override { return 0; }
  std::set<std::string> row_keys() const {
    std::set<std::string> keys;
    for (const auto& [place, value] : rows_) keys.insert(place.second);
    return keys;
  }

 protected:
  virtual void Put(const CheckpointBatch::Change& change) {
    rows_[PlaceOf(change.key)] = change.value;
  }
  virtual void Remove(std::string_view key) { rows_.erase(PlaceOf(key)); }
  void PutRow(std::string_view key, std::string value) { rows_[PlaceOf(key)] = std::move(value); }

 private:
  using Place = std::pair<PartitionId, std::string>;

  static Place PlaceOf(std::string_view key) { return {PartitionOf(key), std::string(key)}; }

  MemoryDisk& disk_;
  std::string path_;
  std::function<bool()> flushes_;
  std::map<Place, std::string> rows_;
  std::optional<std::string> mark_;
  LogPosition reach_ = 0;
};

}  // namespace storage
