// A checkpoint store in one file of a disk in memory, replaced at each flush. What was written
// since the last one is lost with the process, unless the dice flushed it, as RocksDB may at any
// time.
#pragma once

#include <xxhash.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "crdt/encoding.h"
#include "storage/checkpoint/checkpoint_store.h"
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
    while (!in.at_end()) {
      const std::string_view key = in.Bytes();
      rows_[std::string(key)] = in.Bytes();
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
          rows_.erase(std::string(change.key));
          break;
        case CheckpointBatch::Kind::kMark:
          mark_ = change.value;
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
    for (const auto& [key, value] : rows_) {
      out.Bytes(key);
      out.Bytes(value);
    }
    std::string file;
    crdt::ByteWriter(file).U64(XXH3_64bits(bytes.data(), bytes.size()));
    return disk_.ReplaceFile(path_, file + bytes);
  }

  crdt::Result<std::optional<std::string>> Mark() override { return mark_; }

  crdt::Status VisitRows(
      const std::function<crdt::Status(std::string_view key, std::string_view value)>& visit)
      override {
    const auto rows = rows_;  // The visitor may write.
    for (const auto& [key, value] : rows) {
      if (crdt::Status visited = visit(key, value); !visited) return visited;
    }
    return {};
  }

  crdt::Status Clear() override {
    rows_.clear();
    mark_.reset();
    return disk_.Exists(path_) ? disk_.Remove(path_) : crdt::Status();
  }

  std::uint64_t disk_bytes() override { return 0; }
  const std::map<std::string, std::string>& rows() const { return rows_; }

 protected:
  virtual void Put(const CheckpointBatch::Change& change) {
    rows_[std::string(change.key)] = change.value;
  }
  void PutRow(std::string_view key, std::string value) {
    rows_[std::string(key)] = std::move(value);
  }

 private:
  MemoryDisk& disk_;
  std::string path_;
  std::function<bool()> flushes_;
  std::map<std::string, std::string> rows_;
  std::optional<std::string> mark_;
};

}  // namespace storage
