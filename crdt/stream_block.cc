#include "crdt/stream_block.h"

#include <malloc.h>

#include <cstring>
#include <new>

#include "crdt/result.h"
#include "crdt/varint.h"

namespace crdt {
namespace {

// What follows the first byte of an entry.
constexpr std::uint8_t kSharesNames = 1;   // Values only; else number, name, value, …
constexpr std::uint8_t kSameMs = 2;        // No ms; the sequence is the step from the one before.
constexpr std::uint8_t kSameSequence = 4;  // No sequence.
// The stamp: steps of the same writer from the one before; the counter within the ID's own
// millisecond, of the same writer; else all of it.
constexpr std::uint8_t kStampSteps = 8;
constexpr std::uint8_t kStampAtId = 16;

// First byte, ms, sequence, stamp and number of fields at their longest.
constexpr std::size_t kMostHeadBytes = 1 + 10 + 10 + 10 + 10;

char* PutRaw(char* at, const void* data, std::size_t size) {
  std::memcpy(at, data, size);
  return at + size;
}

char* PutBytes(char* at, std::string_view bytes) {
  at = PutVarint(at, bytes.size());
  return bytes.empty() ? at : PutRaw(at, bytes.data(), bytes.size());
}

std::int64_t StepsBetween(Stamp from, Stamp to) {
  return static_cast<std::int64_t>(to.value() - from.value()) /
         static_cast<std::int64_t>(Stamp::kTick);
}

std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::uint64_t kCounters = std::uint64_t{1} << Stamp::kCounterBits;

std::uint64_t CounterOf(Stamp stamp) {
  return (stamp.value() >> Stamp::kWriterBits) & (kCounters - 1);
}

// Writes the stamp and returns which form it has taken.
std::uint8_t PutStamp(char*& at, const EntryKey& key, Stamp before) {
  if (key.stamp.writer() == before.writer()) {
    const std::uint64_t steps = ZigZag(StepsBetween(before, key.stamp));
    const bool at_id = key.stamp.unix_ms() == key.id.ms;
    if (steps < 0x80 || !at_id) {
      at = PutVarint(at, steps);
      return kStampSteps;
    }
    at = PutVarint(at, CounterOf(key.stamp));
    return kStampAtId;
  }
  const std::uint64_t value = key.stamp.value();
  at = PutRaw(at, &value, sizeof value);
  return 0;
}

}  // namespace

// --- Entries as effects and states carry them ----------------------------------------------------

std::string FieldsText(const EntryView& entry) {
  std::string text;
  for (FieldReader field(entry); field.Next();) {
    if (!text.empty()) text += ' ';
    text.append(field.name()).append(" ").append(field.value());
  }
  return text;
}

void EncodeEntry(const EntryView& entry, ByteWriter& out) {
  entry.id.Encode(out);
  out.Varint(entry.field_count);
  if (entry.names.empty()) {
    out.Raw(entry.fields.data(), entry.fields.size());
    return;
  }
  for (FieldReader field(entry); field.Next();) {
    out.Bytes(field.name());
    out.Bytes(field.value());
  }
}

EntryView DecodeEntry(ByteReader& in) {
  EntryView entry;
  entry.id = StreamId::Decode(in);
  entry.field_count = in.Count(2);
  if (entry.field_count == 0) in.Invalidate();
  const char* const begin = in.position();
  for (std::uint64_t i = 0; i < entry.field_count && in.ok(); ++i) {
    in.Bytes();
    in.Bytes();
  }
  const auto size = static_cast<std::size_t>(in.position() - begin);
  if (size > kMostEntryBytes) in.Invalidate();
  if (in.ok()) entry.fields = {begin, size};
  return entry;
}

// --- StreamBlock ---------------------------------------------------------------------------------

StreamBlock::StreamBlock(const EntryView& entry) : first_(entry.key()), last_(entry.key()) {
  Reserve(kMostHeadBytes + entry.names.size() + entry.fields.size() + 10);
  char* at = data_;
  if (entry.names.empty()) {
    for (FieldReader field(entry); field.Next();) at = PutBytes(at, field.name());
  } else {
    at = PutRaw(at, entry.names.data(), entry.names.size());
  }
  shared_count_ = static_cast<std::uint32_t>(entry.field_count);
  names_size_ = begin_ = end_ = static_cast<std::uint32_t>(at - data_);
  Append(entry);
}

void StreamBlock::Reserve(std::size_t bytes) {
  const std::size_t need = end_ + bytes;
  if (need <= capacity_) return;
  // A quarter more than there is, so that appending stays cheap and little is wasted.
  const std::size_t grown = std::max(need, static_cast<std::size_t>(capacity_) * 5 / 4);
  void* const memory = std::realloc(data_, grown);
  if (memory == nullptr) throw std::bad_alloc();
  data_ = static_cast<char*>(memory);
  capacity_ = static_cast<std::uint32_t>(malloc_usable_size(memory));
}

void StreamBlock::Shrink() {
  if (capacity_ - end_ < capacity_ / 16) return;
  void* const memory = std::realloc(data_, end_);
  if (memory == nullptr) return;
  data_ = static_cast<char*>(memory);
  capacity_ = static_cast<std::uint32_t>(malloc_usable_size(memory));
}

bool StreamBlock::HasSpaceFor(const EntryView& entry) const {
  return count_ < StreamEntries::kMostBlockEntries &&
         end_ + kMostHeadBytes + entry.names.size() + entry.fields.size() <=
             StreamEntries::kMostBlockBytes;
}

std::size_t StreamBlock::memory_bytes() const {
  return malloc_usable_size(const_cast<StreamBlock*>(this)) + capacity_;
}

bool StreamBlock::SharesNames(const EntryView& entry) const {
  if (entry.field_count != shared_count_) return false;
  const std::string_view shared(data_, names_size_);
  if (!entry.names.empty()) return entry.names == shared;
  ByteReader names(shared);
  for (FieldReader field(entry); field.Next();) {
    if (names.Bytes() != field.name()) return false;
  }
  return true;
}

void StreamBlock::Append(const EntryView& entry) {
  // The views may be into memory that this block is about to give back: never its own.
  Reserve(kMostHeadBytes + entry.names.size() + entry.fields.size());
  char* const head = data_ + end_;
  char* at = head + 1;
  std::uint8_t follows = 0;
  if (entry.id.ms == last_.id.ms) {
    follows |= kSameMs;
  } else {
    at = PutVarint(at, entry.id.ms - last_.id.ms);
  }
  if (entry.id.sequence == last_.id.sequence) {
    follows |= kSameSequence;
  } else {
    at = PutVarint(
        at, (follows & kSameMs) != 0 ? entry.id.sequence - last_.id.sequence : entry.id.sequence);
  }
  follows |= PutStamp(at, entry.key(), last_.stamp);
  if (SharesNames(entry)) {
    follows |= kSharesNames;
    if (entry.names.empty()) {
      for (FieldReader field(entry); field.Next();) at = PutBytes(at, field.value());
    } else {
      at = PutRaw(at, entry.fields.data(), entry.fields.size());
    }
  } else {
    at = PutVarint(at, entry.field_count);
    if (entry.names.empty()) {
      at = PutRaw(at, entry.fields.data(), entry.fields.size());
    } else {
      for (FieldReader field(entry); field.Next();) {
        at = PutBytes(PutBytes(at, field.name()), field.value());
      }
    }
  }
  *head = static_cast<char>(follows);
  end_ = static_cast<std::uint32_t>(at - data_);
  last_ = entry.key();
  regions_ |= std::uint32_t{1} << entry.stamp.region();
  ++count_;
}

void StreamBlock::DropFront(std::size_t count) {
  Reader reader(*this);
  const char* begin = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    reader.Next();
    begin = reader.position();
  }
  reader.Next();
  first_ = reader.entry().key();
  begin_ = static_cast<std::uint32_t>(begin - data_);
  count_ -= static_cast<std::uint32_t>(count);
}

// --- Reader --------------------------------------------------------------------------------------

StreamBlock::Reader::Reader(const StreamBlock& block)
    : block_(block),
      left_(block.count_),
      in_({block.data_ + block.begin_, block.end_ - block.begin_}) {
  entry_.id = block.first_.id;
  entry_.stamp = block.first_.stamp;
}

bool StreamBlock::Reader::Next() {
  if (left_ == 0) return false;
  const bool is_first = left_ == block_.count_;
  --left_;
  const std::uint8_t follows = in_.U8();
  if ((follows & kSameMs) == 0) entry_.id.ms += in_.Varint();
  if ((follows & kSameSequence) == 0) {
    const std::uint64_t sequence = in_.Varint();
    entry_.id.sequence = (follows & kSameMs) != 0 ? entry_.id.sequence + sequence : sequence;
  }
  if ((follows & kStampSteps) != 0) {
    const auto steps = static_cast<std::uint64_t>(in_.Signed());
    entry_.stamp = Stamp::FromValue(entry_.stamp.value() + steps * Stamp::kTick);
  } else if ((follows & kStampAtId) != 0) {
    entry_.stamp = Stamp::At(entry_.id.ms, entry_.stamp.writer()).Plus(in_.Varint());
  } else {
    entry_.stamp = in_.GetStamp();
  }
  if (is_first) {
    // What it was relative to may be gone.
    entry_.id = block_.first_.id;
    entry_.stamp = block_.first_.stamp;
  }
  const bool shares = (follows & kSharesNames) != 0;
  entry_.names = shares ? std::string_view(block_.data_, block_.names_size_) : std::string_view();
  entry_.field_count = shares ? block_.shared_count_ : in_.Varint();
  const char* const begin = in_.position();
  for (std::uint64_t i = shares ? entry_.field_count : entry_.field_count * 2; i > 0; --i) {
    in_.Bytes();
  }
  entry_.fields = {begin, static_cast<std::size_t>(in_.position() - begin)};
  return true;
}

}  // namespace crdt
