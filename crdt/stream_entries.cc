#include "crdt/stream_entries.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "crdt/stream_block.h"

namespace crdt {
namespace {

// Bytes of a B-tree node for each entry of it, about.
constexpr std::size_t kTreeBytesPerBlock = sizeof(EntryKey) + 2 * sizeof(void*);
// ID, stamp, number of fields, and a field of two empty strings.
constexpr std::size_t kLeastEntryBytes = 2 + 8 + 1 + 2;

// The block's entries with keys in [from, to].
std::vector<EntryView> Within(const StreamBlock& block, const EntryKey& from, const EntryKey& to) {
  std::vector<EntryView> entries;
  for (StreamBlock::Reader reader(block); reader.Next();) {
    if (reader.entry().key() > to) break;
    if (reader.entry().key() >= from) entries.push_back(reader.entry());
  }
  return entries;
}

// The block's entries whose keys are less than `end`.
std::size_t CountIn(const StreamBlock& block, const EntryKey& end) {
  if (block.last() < end) return block.size();
  std::size_t count = 0;
  for (StreamBlock::Reader reader(block); reader.Next() && reader.entry().key() < end;) ++count;
  return count;
}

}  // namespace

StreamEntries::StreamEntries() = default;
StreamEntries::StreamEntries(StreamEntries&& other) noexcept
    : blocks_(std::move(other.blocks_)),
      size_(std::exchange(other.size_, 0)),
      authors_(std::move(other.authors_)) {}
StreamEntries& StreamEntries::operator=(StreamEntries&& other) noexcept {
  blocks_ = std::move(other.blocks_);
  size_ = std::exchange(other.size_, 0);
  authors_ = std::move(other.authors_);
  return *this;
}
StreamEntries::~StreamEntries() = default;

// --- Questions -----------------------------------------------------------------------------------

EntryKey StreamEntries::first() const {
  return blocks_.begin()->second->first();
}

EntryKey StreamEntries::last() const {
  return std::prev(blocks_.end())->second->last();
}

StreamEntries::Blocks::iterator StreamEntries::BlockOf(const EntryKey& key) {
  const auto behind = blocks_.upper_bound(key);
  return behind == blocks_.begin() ? behind : std::prev(behind);
}

StreamEntries::Blocks::const_iterator StreamEntries::BlockOf(const EntryKey& key) const {
  const auto behind = blocks_.upper_bound(key);
  return behind == blocks_.begin() ? behind : std::prev(behind);
}

void StreamEntries::Ascend(const EntryKey& from, const EntryKey& to, const Visit& visit) const {
  if (empty() || from > to) return;
  for (auto at = BlockOf(from); at != blocks_.end() && at->second->first() <= to; ++at) {
    if (at->second->last() < from) continue;
    for (StreamBlock::Reader reader(*at->second); reader.Next();) {
      const EntryKey key = reader.entry().key();
      if (key > to) return;
      if (key >= from && !visit(reader.entry())) return;
    }
  }
}

void StreamEntries::Descend(const EntryKey& from, const EntryKey& to, const Visit& visit) const {
  if (empty() || from > to) return;
  auto at = BlockOf(to);
  for (;;) {
    if (at->second->last() < from) return;
    const std::vector<EntryView> entries = Within(*at->second, from, to);
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (!visit(*entry)) return;
    }
    if (at == blocks_.begin()) return;
    --at;
  }
}

void StreamEntries::AscendOf(std::uint32_t regions, const EntryKey& from,
                             const Visit& visit) const {
  if (empty()) return;
  for (auto at = BlockOf(from); at != blocks_.end(); ++at) {
    if ((at->second->regions() & regions) == 0 || at->second->last() < from) continue;
    for (StreamBlock::Reader reader(*at->second); reader.Next();) {
      if (reader.entry().key() >= from && !visit(reader.entry())) return;
    }
  }
}

std::uint64_t StreamEntries::Count(StreamId id) const {
  std::uint64_t count = 0;
  Ascend(EntryKey::Before(id), EntryKey::Behind(id), [&count](const EntryView&) {
    ++count;
    return true;
  });
  return count;
}

std::optional<EntryView> StreamEntries::Find(RegionId author, StreamId id) const {
  std::optional<EntryView> found;
  Ascend(EntryKey::Before(id), EntryKey::Behind(id), [&](const EntryView& entry) {
    if (entry.stamp.region() == author) found = entry;
    return !found;
  });
  return found;
}

std::uint64_t StreamEntries::CountBelow(const EntryKey& end) const {
  std::uint64_t count = 0;
  for (const auto& [key, block] : blocks_) {
    if (block->first() >= end) break;
    count += CountIn(*block, end);
  }
  return count;
}

EntryKey StreamEntries::KeyAfter(std::uint64_t count) const {
  auto at = blocks_.begin();
  for (; count >= at->second->size(); ++at) count -= at->second->size();
  StreamBlock::Reader reader(*at->second);
  do reader.Next();
  while (count-- > 0);
  return reader.entry().key();
}

void StreamEntries::ForEachBlock(
    const std::function<bool(const EntryKey&, std::size_t)>& visit) const {
  for (const auto& [key, block] : blocks_) {
    if (!visit(block->last(), block->size())) return;
  }
}

Stamp StreamEntries::newest() const {
  Stamp newest;
  Ascend({}, EntryKey::Behind(StreamId::Greatest()), [&newest](const EntryView& entry) {
    newest = std::max(newest, entry.stamp);
    return true;
  });
  return newest;
}

std::size_t StreamEntries::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [key, block] : blocks_) bytes += kTreeBytesPerBlock + block->memory_bytes();
  return bytes;
}

// --- Changes -------------------------------------------------------------------------------------

void StreamEntries::Put(std::unique_ptr<StreamBlock> block) {
  const EntryKey key = block->first();
  blocks_.emplace_hint(blocks_.end(), key, std::move(block));
}

void StreamEntries::NoteAuthor(const EntryKey& key) {
  for (auto& [region, last] : authors_) {
    if (region != key.stamp.region()) continue;
    last = std::max(last, key.id);
    return;
  }
  authors_.emplace_back(key.stamp.region(), key.id);
}

void StreamEntries::Add(const EntryView& entry) {
  const EntryKey key = entry.key();
  NoteAuthor(key);
  if (empty()) {
    Put(std::make_unique<StreamBlock>(entry));
    size_ = 1;
    return;
  }
  StreamBlock& newest = *std::prev(blocks_.end())->second;
  if (key > newest.last()) {
    // The usual place: at the end.
    if (newest.HasSpaceFor(entry)) {
      newest.Append(entry);
    } else {
      newest.Shrink();
      Put(std::make_unique<StreamBlock>(entry));
    }
    ++size_;
    return;
  }
  AddInside(BlockOf(key), entry);
}

void StreamEntries::AddInside(Blocks::iterator at, const EntryView& entry) {
  const EntryKey key = entry.key();
  const StreamBlock& old = *at->second;
  if (key > old.last()) {
    if (old.HasSpaceFor(entry)) {
      at->second->Append(entry);
    } else {
      Put(std::make_unique<StreamBlock>(entry));
    }
    ++size_;
    return;
  }
  std::vector<EntryView> entries;
  entries.reserve(old.size() + 1);
  for (StreamBlock::Reader reader(old); reader.Next();) {
    if (reader.entry().key() == key) return;
    if (reader.entry().key() > key && (entries.empty() || entries.back().key() < key)) {
      entries.push_back(entry);
    }
    entries.push_back(reader.entry());
  }
  // A full block is cut in the middle, so that the next ones find space.
  const bool cut = !old.HasSpaceFor(entry);
  std::vector<std::unique_ptr<StreamBlock>> fresh;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (fresh.empty() || (cut && i == entries.size() / 2)) {
      fresh.push_back(std::make_unique<StreamBlock>(entries[i]));
    } else {
      fresh.back()->Append(entries[i]);
    }
  }
  blocks_.erase(at);
  for (auto& block : fresh) Put(std::move(block));
  ++size_;
}

StreamEntries::Blocks::iterator StreamEntries::Keep(
    Blocks::iterator at, const std::function<bool(const EntryView&)>& stays) {
  const StreamBlock& old = *at->second;
  std::vector<EntryView> kept;
  std::size_t front = 0;  // Entries that go before the first that stays.
  for (StreamBlock::Reader reader(old); reader.Next();) {
    if (stays(reader.entry())) {
      kept.push_back(reader.entry());
    } else if (kept.empty()) {
      ++front;
    }
  }
  const std::size_t gone = old.size() - kept.size();
  size_ -= gone;
  if (kept.empty()) return blocks_.erase(at);
  if (gone == 0) return std::next(at);
  if (gone == front) {
    at->second->DropFront(front);
    return std::next(at);
  }
  auto fresh = std::make_unique<StreamBlock>(kept.front());
  for (std::size_t i = 1; i < kept.size(); ++i) fresh->Append(kept[i]);
  fresh->Shrink();
  at->second = std::move(fresh);
  return std::next(at);
}

void StreamEntries::Remove(StreamId id, const Context& context) {
  if (empty()) return;
  // Entries of one ID may stand in two blocks.
  for (auto at = BlockOf(EntryKey::Before(id));
       at != blocks_.end() && at->second->first().id <= id;) {
    if (at->second->last().id < id) {
      ++at;
      continue;
    }
    at = Keep(
        at, [&](const EntryView& entry) { return entry.id != id || !context.Covers(entry.stamp); });
  }
  ForgetAuthorsOfNothing();
}

void StreamEntries::RemoveBelow(const EntryKey& end, const Context& context) {
  for (auto at = blocks_.begin(); at != blocks_.end() && at->second->first() < end;) {
    if (context.covers_everything()) {
      // Nothing in front stays: whole blocks go, of the last one the front.
      const std::size_t gone = CountIn(*at->second, end);
      size_ -= gone;
      if (gone < at->second->size()) {
        at->second->DropFront(gone);
        return;
      }
      at = blocks_.erase(at);
      continue;
    }
    at = Keep(at, [&](const EntryView& entry) {
      return entry.key() >= end || !context.Covers(entry.stamp);
    });
  }
  ForgetAuthorsOfNothing();
}

// Goes through all entries, across blocks.
class StreamEntries::Walk {
 public:
  explicit Walk(const StreamEntries& entries)
      : at_(entries.blocks_.begin()), end_(entries.blocks_.end()) {
    if (at_ != end_) reader_.emplace(*at_->second);
  }
  bool Next() {
    while (reader_) {
      if (reader_->Next()) return true;
      reader_.reset();
      if (++at_ != end_) reader_.emplace(*at_->second);
    }
    return false;
  }
  const EntryView& entry() const { return reader_->entry(); }
  EntryKey key() const { return entry().key(); }

 private:
  Blocks::const_iterator at_;
  Blocks::const_iterator end_;
  std::optional<StreamBlock::Reader> reader_;
};

void StreamEntries::Join(const StreamEntries& other, const VersionVector& mine,
                         const VersionVector& theirs) {
  StreamEntries joined;
  Walk here(*this);
  Walk there(other);
  bool more_here = here.Next();
  bool more_there = there.Next();
  while (more_here || more_there) {
    if (more_here && (!more_there || here.key() < there.key())) {
      if (!theirs.Covers(here.entry().stamp)) joined.Add(here.entry());
      more_here = here.Next();
    } else if (!more_here || there.key() < here.key()) {
      if (!mine.Covers(there.entry().stamp)) joined.Add(there.entry());
      more_there = there.Next();
    } else {
      joined.Add(here.entry());
      more_here = here.Next();
      more_there = there.Next();
    }
  }
  *this = std::move(joined);
}

// --- Bytes ---------------------------------------------------------------------------------------

namespace {

void EncodeStamped(const EntryView& entry, ByteWriter& out) {
  out.PutStamp(entry.stamp);
  EncodeEntry(entry, out);
}

}  // namespace

void StreamEntries::Encode(ByteWriter& out) const {
  out.Varint(size_);
  Ascend({}, EntryKey::Behind(StreamId::Greatest()), [&out](const EntryView& entry) {
    EncodeStamped(entry, out);
    return true;
  });
}

bool StreamEntries::EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const {
  std::string bytes;
  ByteWriter entries(bytes);
  std::uint64_t count = 0;
  bool ended = true;
  const EntryKey from = at.entry.value_or(EntryKey());
  Ascend(from, EntryKey::Behind(StreamId::Greatest()), [&](const EntryView& entry) {
    if (at.entry && entry.key() <= *at.entry) return true;
    ended = !budget.spent();
    if (!ended) return false;
    const std::size_t before = bytes.size();
    EncodeStamped(entry, entries);
    budget.TakeElement(bytes.size() - before);
    at.entry = entry.key();
    ++count;
    return true;
  });
  out.Varint(count);
  out.Raw(bytes.data(), bytes.size());
  return ended;
}

Result<StreamEntries> StreamEntries::Decode(ByteReader& in) {
  StreamEntries entries;
  if (const Status decoded = entries.AddPiece(in); !decoded) {
    return std::unexpected(decoded.error());
  }
  return entries;
}

Status StreamEntries::AddPiece(ByteReader& in) {
  const std::uint64_t count = in.Count(kLeastEntryBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const Stamp stamp = in.GetStamp();
    EntryView entry = DecodeEntry(in);
    entry.stamp = stamp;
    if (!in.ok()) break;
    if (!empty() && last() >= entry.key()) {
      return Fail(ErrorCode::kCorrupt, "entries of a stream are not in the order of their IDs");
    }
    Add(entry);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "the entries of a stream end early");
  return {};
}

}  // namespace crdt
