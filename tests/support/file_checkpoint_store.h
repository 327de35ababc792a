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
      if (in.U8() == 0) {
        rows_[PlaceOf(key)] = in.Bytes();
        continue;
      }
      const std::uint64_t cycle = in.Varint();
      const std::uint64_t number = in.Varint();
      pieces_[std::string(key)][{cycle, number}] = in.Bytes();
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
        case CheckpointBatch::Kind::kPiece:
          pieces_[std::string(change.key)][{change.cycle, change.number}] = change.value;
          break;
        case CheckpointBatch::Kind::kRemovePieces:
          ErasePieces(std::string(change.key),
                      [&change](std::uint64_t cycle) { return cycle < change.cycle; });
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
      out.U8(0);
      out.Bytes(value);
    }
    for (const auto& [key, pieces] : pieces_) {
      for (const auto& [name, piece] : pieces) {
        out.Bytes(key);
        out.U8(1);
        out.Varint(name.first);
        out.Varint(name.second);
        out.Bytes(piece);
      }
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

  crdt::Status VisitPieces(
      std::string_view key, std::uint64_t cycle,
      const std::function<crdt::Status(std::string_view piece)>& visit) override {
    const auto pieces = pieces_.find(std::string(key));
    if (pieces == pieces_.end()) return {};
    for (const auto& [name, piece] : pieces->second) {
      if (name.first != cycle) continue;
      if (crdt::Status visited = visit(piece); !visited) return visited;
    }
    return {};
  }

  crdt::Status RemoveStrayPieces() override {
    for (const std::string& key : piece_keys()) {
      ErasePieces(key, [row = RowOf(key)](std::uint64_t cycle) { return !IsOf(row, cycle); });
    }
    return {};
  }

  crdt::Status Clear() override {
    rows_.clear();
    pieces_.clear();
    mark_.reset();
    reach_ = 0;
    return disk_.Exists(path_) ? disk_.Remove(path_) : crdt::Status();
  }

  crdt::Result<std::vector<std::string>> CopyTo(const std::string& directory,
                                                const std::string& name) override {
    // Nothing was ever written: there is no file.
    if (!mark_ && rows_.empty() && pieces_.empty() && !disk_.Exists(path_)) {
      return std::vector<std::string>{};
    }
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
  // Of keys that have pieces, be they in use or not.
  std::set<std::string> piece_keys() const {
    std::set<std::string> keys;
    for (const auto& [key, pieces] : pieces_) keys.insert(key);
    return keys;
  }
  // Pieces that no row refers to.
  std::size_t stray_pieces() const {
    std::size_t count = 0;
    for (const auto& [key, pieces] : pieces_) {
      const CheckpointRow row = RowOf(key);
      for (const auto& [name, piece] : pieces) count += IsOf(row, name.first) ? 0 : 1;
    }
    return count;
  }

 protected:
  virtual void Put(const CheckpointBatch::Change& change) {
    rows_[PlaceOf(change.key)] = change.value;
  }
  virtual void Remove(std::string_view key) { rows_.erase(PlaceOf(key)); }
  void PutRow(std::string_view key, std::string value) { rows_[PlaceOf(key)] = std::move(value); }

 private:
  using Place = std::pair<PartitionId, std::string>;
  // By cycle and number.
  using Pieces = std::map<std::pair<std::uint64_t, std::uint64_t>, std::string>;

  static Place PlaceOf(std::string_view key) { return {PartitionOf(key), std::string(key)}; }

  // Without its key and its object.
  CheckpointRow RowOf(const std::string& key) const {
    const auto value = rows_.find(PlaceOf(key));
    if (value == rows_.end()) return {};
    const CheckpointRow row = DecodeCheckpointRow(key, value->second).value_or(CheckpointRow());
    return {.position = row.position, .pieces = row.pieces, .cycle = row.cycle};
  }
  static bool IsOf(const CheckpointRow& row, std::uint64_t cycle) {
    return row.pieces > 0 && row.cycle == cycle;
  }
  void ErasePieces(const std::string& key, const std::function<bool(std::uint64_t)>& goes) {
    const auto found = pieces_.find(key);
    if (found == pieces_.end()) return;
    std::erase_if(found->second, [&goes](const auto& piece) { return goes(piece.first.first); });
    if (found->second.empty()) pieces_.erase(found);
  }

  MemoryDisk& disk_;
  std::string path_;
  std::function<bool()> flushes_;
  std::map<Place, std::string> rows_;
  std::map<std::string, Pieces> pieces_;
  std::optional<std::string> mark_;
  LogPosition reach_ = 0;
};

}  // namespace storage
