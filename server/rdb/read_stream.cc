#include "server/rdb/read_stream.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "crdt/string_value.h"
#include "server/rdb/packed_elements.h"
#include "server/rdb/stream_listpack.h"

namespace server {
namespace {

using crdt::StreamId;

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kLeastPendingBytes = kIdBytes + 8 + 1;

// What is pending in a group, and not yet said to whom.
using PendingById = std::map<StreamId, DumpedStream::Pending>;

// Goes through the elements of a listpack, as numbers where they must be.
class Cursor {
 public:
  explicit Cursor(Elements elements) : elements_(std::move(elements)) {}

  std::string Text() {
    if (at_ == elements_.size()) return Fail();
    return std::move(elements_[at_++]);
  }
  std::uint64_t Number() {
    const auto number = crdt::ParseInteger(Text());
    if (!number) Fail();
    return number ? static_cast<std::uint64_t>(*number) : 0;
  }
  std::uint64_t Count() {
    const std::uint64_t count = Number();
    if (count > elements_.size() - at_) Fail();
    return ok_ ? count : 0;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == elements_.size(); }

 private:
  std::string Fail() {
    ok_ = false;
    at_ = elements_.size();
    return {};
  }

  Elements elements_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

// Entries of one listpack; `first` is what their IDs are relative to.
void TakeEntries(StreamId first, Cursor& in, std::vector<DumpedStream::Entry>& entries) {
  in.Number();  // How many entries there are, and how many were deleted.
  in.Number();
  std::vector<std::string> shared(in.Count());
  for (std::string& name : shared) name = in.Text();
  in.Number();  // The end of the entry that tells this.
  while (in.ok() && !in.at_end()) {
    const std::uint64_t flags = in.Number();
    DumpedStream::Entry entry{.id = {first.ms + in.Number(), first.sequence + in.Number()},
                              .fields = {}};
    const bool same = (flags & stream_listpack::kSameFields) != 0;
    const std::uint64_t count = same ? shared.size() : in.Count();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
      std::string name = same ? shared[i] : in.Text();
      entry.fields.emplace_back(std::move(name), in.Text());
    }
    in.Number();  // How many elements the entry has.
    if ((flags & stream_listpack::kDeleted) == 0) entries.push_back(std::move(entry));
  }
}

void TakeListpacks(RdbReader& in, DumpedStream& stream) {
  const std::uint64_t count = in.Count(kIdBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::string key = in.String();
    RdbReader id(key);
    const StreamId first = id.RawId();
    std::optional<Elements> elements = ReadListpack(in.String());
    if (!id.ok() || !id.at_end() || !elements) return in.Invalidate();
    Cursor cursor(*std::move(elements));
    TakeEntries(first, cursor, stream.entries);
    if (!cursor.ok()) return in.Invalidate();
  }
  const auto not_before = [](const auto& left, const auto& right) { return left.id >= right.id; };
  const auto wrong = std::ranges::adjacent_find(stream.entries, not_before);
  if (wrong != stream.entries.end()) in.Invalidate();
}

PendingById TakePending(RdbReader& in) {
  PendingById pending;
  const std::uint64_t count = in.Count(kLeastPendingBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    DumpedStream::Pending entry{.id = in.RawId()};
    entry.time_ms = static_cast<std::int64_t>(in.U64());
    entry.deliveries = in.Length();
    if (!pending.emplace(entry.id, entry).second) in.Invalidate();
  }
  return pending;
}

DumpedStream::Consumer TakeConsumer(RdbReader& in, RdbType type, PendingById& pending) {
  DumpedStream::Consumer consumer{.name = in.String()};
  consumer.seen_ms = static_cast<std::int64_t>(in.U64());
  if (type == RdbType::kStream3) in.U64();  // When it was active.
  const std::uint64_t count = in.Count(kIdBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    // Each is one of those that the group has told.
    const auto found = pending.find(in.RawId());
    if (found == pending.end()) {
      in.Invalidate();
      break;
    }
    consumer.pending.push_back(found->second);
    pending.erase(found);
  }
  return consumer;
}

DumpedStream::Group TakeGroup(RdbReader& in, RdbType type) {
  DumpedStream::Group group{.name = in.String()};
  group.last_delivered = in.Id();
  if (type != RdbType::kStream1) {
    const std::uint64_t entries_read = in.Length();
    if (entries_read != stream_listpack::kUnknownEntriesRead) group.entries_read = entries_read;
  }
  PendingById pending = TakePending(in);
  const std::uint64_t consumers = in.Count(1 + 8 + 1);
  for (std::uint64_t i = 0; i < consumers && in.ok(); ++i) {
    group.consumers.push_back(TakeConsumer(in, type, pending));
  }
  if (!pending.empty()) in.Invalidate();
  return group;
}

}  // namespace

DumpedStream TakeStream(RdbReader& in, RdbType type) {
  DumpedStream stream;
  TakeListpacks(in, stream);
  if (in.Length() != stream.entries.size()) in.Invalidate();
  stream.last = in.Id();
  stream.added = stream.entries.size();
  if (type != RdbType::kStream1) {
    in.Id();  // Of the first entry.
    stream.deleted = in.Id();
    stream.added = in.Length();
  }
  if (!stream.entries.empty() && stream.last < stream.entries.back().id) in.Invalidate();
  const std::uint64_t groups = in.Count(1);
  for (std::uint64_t i = 0; i < groups && in.ok(); ++i) {
    stream.groups.push_back(TakeGroup(in, type));
  }
  return stream;
}

}  // namespace server
