#include "storage/checkpoint/rocks_checkpoint_store.h"

#include <rocksdb/db.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "crdt/encoding.h"
#include "storage/keyspace.h"

namespace storage {
namespace {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;

// Rows by partition, so that one can be read alone; docs/formats.md, "Checkpoint".
constexpr char kRowPrefix = 'r';
constexpr char kPiecePrefix = 'p';
constexpr std::string_view kMarkKey = "m";
constexpr std::string_view kReachKey = "e";

// Only full while a checkpoint is written, and given back after each one. Small ones would have the
// same rows merged into the lowest level more often.
constexpr std::size_t kWriteBufferBytes = 32 << 20;
constexpr std::size_t kBlockCacheBytes = 1 << 20;

rocksdb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view ViewOf(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

std::string RowPrefix(PartitionId partition) {
  return {kRowPrefix, static_cast<char>(partition)};
}

std::string RowKey(std::string_view key) {
  return RowPrefix(PartitionOf(key)).append(key);
}

// Big-endian, so that numbers stand in their order.
void AppendNumber(std::uint64_t number, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

// Where the pieces of a key stand, and those of one cycle, and one of them. The length comes before
// the key: no key's pieces stand between another one's.
std::string PiecePrefix(std::string_view key) {
  std::string prefix{kPiecePrefix, static_cast<char>(PartitionOf(key))};
  crdt::ByteWriter(prefix).Bytes(key);
  return prefix;
}

std::string CyclePrefix(std::string_view key, std::uint64_t cycle) {
  std::string prefix = PiecePrefix(key);
  AppendNumber(cycle, prefix);
  return prefix;
}

std::string PieceKey(std::string_view key, std::uint64_t cycle, std::uint64_t number) {
  std::string piece = CyclePrefix(key, cycle);
  AppendNumber(number, piece);
  return piece;
}

struct PieceName {
  std::string key;
  std::uint64_t cycle = 0;
};

Result<PieceName> PieceNameOf(std::string_view piece_key) {
  crdt::ByteReader in(piece_key);
  in.U8();
  in.U8();
  PieceName name{.key = std::string(in.Bytes())};
  for (int i = 0; i < 8; ++i) name.cycle = name.cycle << 8 | in.U8();
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "checkpoint: a piece whose name does not decode");
  return name;
}

Status StatusOf(const rocksdb::Status& status) {
  if (status.ok()) return {};
  ErrorCode code = ErrorCode::kInputOutput;
  if (status.IsNoSpace()) code = ErrorCode::kDiskFull;
  if (status.IsCorruption() || status.IsNotSupported()) code = ErrorCode::kCorrupt;
  return Fail(code, "checkpoint: " + status.ToString());
}

rocksdb::Options Options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = kWriteBufferBytes;
  // Rows are written and not read before they are flushed: sorted then, not as they come.
  options.memtable_factory.reset(new rocksdb::VectorRepFactory());
  options.allow_concurrent_memtable_write = false;
  options.compression = rocksdb::kLZ4Compression;
  options.avoid_flush_during_shutdown = true;
  options.max_open_files = 256;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Result<std::optional<std::string>> GetFrom(rocksdb::DB& db, std::string_view key) {
  std::string value;
  const rocksdb::Status status = db.Get(rocksdb::ReadOptions(), SliceOf(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (Status read = StatusOf(status); !read) return std::unexpected(read.error());
  return value;
}

Status VisitPiecesOf(rocksdb::DB& db, std::string_view key, std::uint64_t cycle,
                     const std::function<Status(std::string_view piece)>& visit) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::string prefix = CyclePrefix(key, cycle);
  const std::unique_ptr<rocksdb::Iterator> piece(db.NewIterator(options));
  for (piece->Seek(prefix); piece->Valid() && piece->key().starts_with(prefix); piece->Next()) {
    if (Status visited = visit(ViewOf(piece->value())); !visited) return visited;
  }
  return StatusOf(piece->status());
}

class RocksCheckpointStore : public CheckpointStore {
 public:
  explicit RocksCheckpointStore(std::string path) : path_(std::move(path)) {}

  Status Open() {
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(Options(), path_, &db);
    db_.reset(db);
    return StatusOf(opened);
  }

  Status Write(const CheckpointBatch& batch) override {
    rocksdb::WriteBatch changes;
    batch.Visit([&changes](const CheckpointBatch::Change& change) {
      switch (change.kind) {
        case CheckpointBatch::Kind::kPut:
          changes.Put(RowKey(change.key), SliceOf(change.value));
          break;
        case CheckpointBatch::Kind::kRemove:
          changes.Delete(RowKey(change.key));
          break;
        case CheckpointBatch::Kind::kPiece:
          changes.Put(PieceKey(change.key, change.cycle, change.number), SliceOf(change.value));
          break;
        case CheckpointBatch::Kind::kRemovePieces:
          changes.DeleteRange(CyclePrefix(change.key, 0), CyclePrefix(change.key, change.cycle));
          break;
        case CheckpointBatch::Kind::kMark:
          changes.Put(SliceOf(kMarkKey), SliceOf(change.value));
          break;
        case CheckpointBatch::Kind::kReach:
          changes.Put(SliceOf(kReachKey), SliceOf(change.value));
          break;
      }
    });
    return WriteChanges(changes);
  }

  Status Flush() override { return Noted(db_->Flush(rocksdb::FlushOptions())); }

  Result<std::optional<std::string>> Mark() override { return Get(kMarkKey); }

  Result<LogPosition> Reach() override {
    const auto value = Get(kReachKey);
    if (!value) return std::unexpected(value.error());
    return *value ? DecodeCheckpointReach(**value) : 0;
  }

  Result<std::optional<std::string>> Row(std::string_view key) override { return Get(RowKey(key)); }

  Status VisitRows(PartitionId partition, const std::optional<std::string>& after,
                   const std::function<Result<bool>(std::string_view key, std::string_view value)>&
                       visit) override {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::string prefix = RowPrefix(partition);
    const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options));
    const std::string first = after ? prefix + *after : prefix;
    row->Seek(first);
    if (after && row->Valid() && row->key() == first) row->Next();
    for (; row->Valid() && row->key().starts_with(prefix); row->Next()) {
      const rocksdb::Slice key(row->key().data() + prefix.size(),
                               row->key().size() - prefix.size());
      const auto more = visit(ViewOf(key), ViewOf(row->value()));
      if (!more) return std::unexpected(more.error());
      if (!*more) return {};
    }
    return StatusOf(row->status());
  }

  Status VisitPieces(std::string_view key, std::uint64_t cycle,
                     const std::function<Status(std::string_view piece)>& visit) override {
    return VisitPiecesOf(*db_, key, cycle, visit);
  }

  Status RemoveStrayPieces() override {
    rocksdb::WriteBatch strays;
    const std::unique_ptr<rocksdb::Iterator> piece(db_->NewIterator(rocksdb::ReadOptions()));
    piece->Seek(std::string(1, kPiecePrefix));
    while (piece->Valid() && piece->key()[0] == kPiecePrefix) {
      const auto name = PieceNameOf(ViewOf(piece->key()));
      if (!name) return std::unexpected(name.error());
      const auto bytes = Row(name->key);
      if (!bytes) return std::unexpected(bytes.error());
      bool is_in_use = false;
      if (*bytes) {
        const auto row = DecodeCheckpointRow(name->key, **bytes);
        if (!row) return std::unexpected(row.error());
        is_in_use = row->pieces > 0 && row->cycle == name->cycle;
      }
      const std::string behind = CyclePrefix(name->key, name->cycle + 1);
      if (!is_in_use) strays.DeleteRange(CyclePrefix(name->key, name->cycle), behind);
      piece->Seek(behind);
    }
    if (Status read = StatusOf(piece->status()); !read) return read;
    return WriteChanges(strays);
  }

  Status Clear() override {
    db_.reset();
    if (Status destroyed = StatusOf(rocksdb::DestroyDB(path_, Options())); !destroyed) {
      return destroyed;
    }
    return Open();
  }

  Result<std::vector<std::string>> CopyTo(const std::string& directory,
                                          const std::string& name) override {
    const std::string path = directory + "/" + name;
    rocksdb::Checkpoint* made = nullptr;
    const rocksdb::Status possible = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (Status copied = StatusOf(possible.ok() ? checkpoint->CreateCheckpoint(path) : possible);
        !copied) {
      return std::unexpected(copied.error());
    }
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      files.push_back(name + "/" + entry.path().filename().string());
    }
    if (error) return Fail(ErrorCode::kInputOutput, "cannot list " + path + ": " + error.message());
    std::ranges::sort(files);
    return files;
  }

  std::uint64_t disk_bytes() override {
    std::uint64_t bytes = 0;
    db_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
    return bytes;
  }

 private:
  Status WriteChanges(rocksdb::WriteBatch& changes) {
    if (Status resumed = Resume(); !resumed) return resumed;
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    return Noted(db_->Write(options, &changes));
  }
  Result<std::optional<std::string>> Get(std::string_view key) { return GetFrom(*db_, key); }
  Status Noted(const rocksdb::Status& status) {
    failed_ = !status.ok();
    return StatusOf(status);
  }
  // After an error RocksDB writes nothing until it is told that the cause may be gone.
  Status Resume() { return failed_ ? Noted(db_->Resume()) : Status(); }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  bool failed_ = false;
};

// That the rows decode, and that their pieces are there.
Status CheckRows(rocksdb::DB& db) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(options));
  for (at->Seek(std::string(1, kRowPrefix)); at->Valid() && at->key()[0] == kRowPrefix;
       at->Next()) {
    const std::string_view key = ViewOf(at->key()).substr(RowPrefix(0).size());
    const auto row = DecodeCheckpointRow(key, ViewOf(at->value()));
    if (!row) return std::unexpected(row.error());
    std::uint64_t pieces = 0;
    if (row->pieces == 0) continue;
    const Status visited = VisitPiecesOf(db, key, row->cycle, [&pieces](std::string_view) {
      ++pieces;
      return Status();
    });
    if (!visited) return visited;
    if (pieces != row->pieces) return Fail(ErrorCode::kCorrupt, "checkpoint: a row lacks pieces");
  }
  return StatusOf(at->status());
}

// RocksDB would leave a log of its own in the directory.
class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

Result<CheckpointSummary> CheckRocksCheckpoint(const std::string& path) {
  rocksdb::Options options = Options();
  options.create_if_missing = false;
  options.info_log = std::make_shared<NoLog>();
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, path, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (Status read = StatusOf(status); !read) return std::unexpected(read.error());
  if (Status whole = StatusOf(db->VerifyChecksum()); !whole) return std::unexpected(whole.error());
  if (Status rows = CheckRows(*db); !rows) return std::unexpected(rows.error());
  CheckpointSummary summary;
  const auto mark = GetFrom(*db, kMarkKey);
  if (!mark) return std::unexpected(mark.error());
  if (*mark) {
    auto decoded = CheckpointMark::Decode(**mark);
    if (!decoded) return std::unexpected(decoded.error());
    summary.mark = *std::move(decoded);
  }
  const auto reach = GetFrom(*db, kReachKey);
  if (!reach) return std::unexpected(reach.error());
  if (!*reach) return summary;
  const auto position = DecodeCheckpointReach(**reach);
  if (!position) return std::unexpected(position.error());
  summary.reach = *position;
  return summary;
}

Result<std::unique_ptr<CheckpointStore>> OpenRocksCheckpointStore(const std::string& path) {
  auto store = std::make_unique<RocksCheckpointStore>(path);
  if (Status opened = store->Open(); !opened) return std::unexpected(opened.error());
  return store;
}

}  // namespace storage
