#include "server/rdb/key_dump.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crdt/prepare.h"
#include "crdt/prepare_list.h"
#include "crdt/prepare_sorted_set.h"
#include "crdt/prepare_stream.h"

namespace server {
namespace {

using crdt::EntryView;
using crdt::KeyView;
using crdt::StreamConsumers;
using crdt::StreamId;
using crdt::ValueType;

// --- What a key shows ----------------------------------------------------------------------------

DumpedList ListOf(const crdt::ListValue& list) {
  DumpedList dumped;
  list.ForEach(0, list.size(), [&dumped](const crdt::ListElementView& element) {
    std::string scratch;
    dumped.elements.emplace_back(element.Text(scratch));
    return true;
  });
  return dumped;
}

DumpedSet SetOf(const crdt::ElementTable& elements) {
  DumpedSet dumped;
  elements.ForEach(
      [&dumped](std::string_view name, std::string_view) { dumped.members.emplace_back(name); });
  return dumped;
}

DumpedHash HashOf(const crdt::ElementTable& elements) {
  DumpedHash dumped;
  elements.ForEach([&dumped](std::string_view name, std::string_view value) {
    dumped.fields.emplace_back(name, value);
  });
  return dumped;
}

DumpedSortedSet SortedSetOf(const crdt::SortedSet& set) {
  DumpedSortedSet dumped;
  set.Ascend(0, [&dumped](const crdt::RankedMember& member) {
    dumped.members.emplace_back(member.name, member.score);
    return true;
  });
  return dumped;
}

std::vector<DumpedStream::Entry> EntriesOf(const crdt::StreamValue& stream) {
  std::vector<DumpedStream::Entry> entries;
  const auto all = crdt::EntryKey::Behind(StreamId::Greatest());
  stream.entries().Ascend({}, all, [&entries](const EntryView& entry) {
    // Two regions may have written one ID; the format has room for one.
    if (!entries.empty() && entries.back().id == entry.id) return true;
    entries.push_back({.id = entry.id, .fields = {}});
    for (crdt::FieldReader field(entry); field.Next();) {
      entries.back().fields.emplace_back(field.name(), field.value());
    }
    return true;
  });
  return entries;
}

DumpedStream::Group GroupOf(std::string_view name, const crdt::StreamGroup& group,
                            crdt::RegionId region) {
  DumpedStream::Group dumped{.name = std::string(name),
                             .last_delivered = group.LastDelivered(region),
                             .entries_read = group.EntriesRead(region),
                             .consumers = {}};
  const StreamConsumers& members = group.members(region);
  for (const auto& [consumer, state] : members.consumers()) {
    dumped.consumers.push_back({.name = consumer, .seen_ms = state.seen_ms, .pending = {}});
  }
  const auto note = [&dumped](const crdt::AuthoredId& entry,
                              const StreamConsumers::Pending& pending) {
    for (DumpedStream::Consumer& consumer : dumped.consumers) {
      if (consumer.name != pending.consumer->first) continue;
      const bool twice = !consumer.pending.empty() && consumer.pending.back().id == entry.id;
      if (!twice) consumer.pending.push_back({entry.id, pending.time_ms, pending.deliveries});
    }
    return true;
  };
  members.ForEachPending(StreamId::Least(), StreamId::Greatest(), note);
  return dumped;
}

DumpedStream StreamOf(const crdt::StreamValue& stream, crdt::RegionId region) {
  DumpedStream dumped{.entries = EntriesOf(stream),
                      .last = stream.last_id(),
                      .deleted = stream.accounts().deleted(),
                      .added = stream.accounts().added(),
                      .groups = {}};
  for (const auto& [name, group] : stream.groups()) {
    if (group.exists()) dumped.groups.push_back(GroupOf(name, group, region));
  }
  return dumped;
}

// --- And the way back ----------------------------------------------------------------------------

class KeyWriter {
 public:
  KeyWriter(Database& database, std::string_view key) : database_(database), key_(key) {}

  void operator()(const DumpedString& string) {
    crdt::PrepareSet(View(), key_, string.text, {}, Effects());
    database_.Commit();
  }
  void operator()(const DumpedList& list) {
    const std::vector<std::string_view> values(list.elements.begin(), list.elements.end());
    crdt::PrepareListPush(View(), key_, crdt::ListSide::kRight, values, Effects());
    database_.Commit();
  }
  void operator()(const DumpedSet& set) {
    const std::vector<std::string_view> members(set.members.begin(), set.members.end());
    crdt::PrepareSetAdd(View(), key_, members, Effects());
    database_.Commit();
  }
  void operator()(const DumpedHash& hash) {
    const std::vector<crdt::FieldValue> fields(hash.fields.begin(), hash.fields.end());
    crdt::PrepareHashSet(View(), key_, fields, crdt::Condition::kNone, Effects());
    database_.Commit();
  }
  void operator()(const DumpedSortedSet& set) {
    const std::vector<crdt::MemberScore> members(set.members.begin(), set.members.end());
    crdt::PrepareSortedSetAdd(View(), key_, members, crdt::Condition::kNone, Effects());
    database_.Commit();
  }
  void operator()(const DumpedStream& stream) {
    for (const DumpedStream::Entry& entry : stream.entries) {
      std::vector<std::string_view> words;
      for (const auto& [name, value] : entry.fields) {
        words.push_back(name);
        words.push_back(value);
      }
      crdt::PrepareStreamAdd(View(), key_, database_.writer(), entry.id, words, Effects());
      database_.Commit();
    }
    for (const DumpedStream::Group& group : stream.groups) AddGroup(group);
    if (!View().exists()) return;
    crdt::PrepareStreamSetId(
        View(), key_,
        {.stamp = {}, .added = stream.added, .last = stream.last, .deleted = stream.deleted},
        Effects());
    database_.Commit();
  }

 private:
  KeyView View() const { return database_.Read(key_); }
  crdt::EffectList& Effects() { return database_.effects(); }

  void AddGroup(const DumpedStream::Group& group) {
    const crdt::GroupStart start{
        .everywhere = group.last_delivered, .regions = {}, .entries_read = group.entries_read};
    crdt::PrepareGroupCreate(View(), key_, group.name, start, Effects());
    for (const DumpedStream::Consumer& consumer : group.consumers) {
      const crdt::NamedConsumer named{.group = group.name,
                                      .consumer = consumer.name,
                                      .now_ms = consumer.seen_ms,
                                      .touch = StreamConsumers::Touch::kSeen};
      crdt::PrepareConsumerName(key_, named, Effects());
      std::vector<crdt::Claim> claims;
      for (const DumpedStream::Pending& entry : consumer.pending) {
        claims.push_back({.entry = {database_.writer().region(), entry.id},
                          .time_ms = entry.time_ms,
                          .deliveries = entry.deliveries});
      }
      crdt::PrepareGroupClaim(key_, named, claims, Effects());
    }
    database_.Commit();
  }

  Database& database_;
  std::string_view key_;
};

}  // namespace

DumpedValue DumpedOf(const KeyView& view, crdt::RegionId region) {
  std::string scratch;
  switch (view.type()) {
    case ValueType::kList:
      return ListOf(view.list());
    case ValueType::kSet:
      return SetOf(view.elements());
    case ValueType::kHash:
      return HashOf(view.elements());
    case ValueType::kSortedSet:
      return SortedSetOf(view.sorted_set());
    case ValueType::kStream:
      return StreamOf(view.stream(), region);
    default:
      return DumpedString{std::string(view.Text(scratch))};
  }
}

void WriteDumped(Database& database, std::string_view key, const DumpedValue& value) {
  std::visit(KeyWriter(database, key), value);
}

}  // namespace server
