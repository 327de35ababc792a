#include "stream_specification.h"

#include <algorithm>

#include "specification.h"

namespace properties {
namespace {

using crdt::AuthoredId;
using crdt::EntryKey;
using crdt::Stamp;

bool Sees(const Operation& later, const Operation& earlier) {
  return later.context.Covers(earlier.stamp);
}

// It takes entries of all IDs.
bool TakesTheKey(const Operation& operation, const std::string& key) {
  if (operation.kind == Kind::kFlush) return true;
  if (operation.key != key) return false;
  const bool of_stream =
      operation.kind >= Kind::kStreamAdd && operation.kind <= Kind::kGroupAcknowledge;
  return operation.kind == Kind::kSet || operation.kind == Kind::kDelete ||
         (operation.ends_hidden && !of_stream);
}

bool TakesEntry(const Operation& operation, const std::string& key, const EntryKey& entry) {
  if (TakesTheKey(operation, key)) return true;
  if (operation.key != key) return false;
  return (operation.kind == Kind::kStreamRemove && operation.stream.id == entry.id) ||
         (operation.kind == Kind::kStreamTrim && entry < operation.stream.end);
}

// One group's operations: a delete wins over all of them that have not seen it.
class GroupRules {
 public:
  GroupRules(const std::string& key, std::string group,
             const std::vector<const Operation*>& operations)
      : key_(key), group_(std::move(group)), operations_(operations) {}

  std::set<Stamp> Starts() const {
    std::set<Stamp> starts;
    for (const Operation* start : operations_) {
      if (!IsStart(*start) || IsVoid(*start)) continue;
      const bool replaced = std::ranges::any_of(operations_, [&](const Operation* other) {
        return IsOfGroup(*other, Kind::kGroupSetPosition) && !IsVoid(*other) &&
               Sees(*other, *start);
      });
      if (!replaced) starts.insert(start->stamp);
    }
    return starts;
  }

  void AddPending(Stream& stream) const {
    for (const Operation* delivery : operations_) {
      if (!IsOfGroup(*delivery, Kind::kGroupDeliver) || IsVoid(*delivery)) continue;
      for (const AuthoredId& entry : delivery->stream.entries) {
        const bool acknowledged = std::ranges::any_of(operations_, [&](const Operation* other) {
          return IsOfGroup(*other, Kind::kGroupAcknowledge) &&
                 other->stamp.region() == delivery->stamp.region() && Sees(*other, *delivery) &&
                 std::ranges::find(other->stream.entries, entry) != other->stream.entries.end();
        });
        if (!acknowledged) stream.pending.emplace(group_, delivery->stamp.region(), entry);
      }
    }
  }

 private:
  bool IsOfGroup(const Operation& operation, Kind kind) const {
    return operation.kind == kind && operation.key == key_ && operation.stream.group == group_;
  }
  bool IsStart(const Operation& operation) const {
    return IsOfGroup(operation, Kind::kGroupCreate) ||
           IsOfGroup(operation, Kind::kGroupSetPosition);
  }
  bool IsVoid(const Operation& operation) const {
    return std::ranges::any_of(operations_, [&](const Operation* other) {
      const bool ends = IsOfGroup(*other, Kind::kGroupDestroy) || other->buried.contains(key_);
      return ends && !Sees(operation, *other) && other != &operation;
    });
  }

  const std::string& key_;
  std::string group_;
  const std::vector<const Operation*>& operations_;
};

}  // namespace

Stamp Stream::newest() const {
  Stamp newest;
  for (const EntryKey& entry : entries) newest = std::max(newest, entry.stamp);
  for (const auto& [group, starts] : groups) newest = std::max(newest, *starts.rbegin());
  return newest;
}

std::string Stream::Describe() const {
  if (!shows()) return {};
  std::string out = " stream";
  for (const EntryKey& entry : entries) {
    out += " " + entry.id.ToString() + "@" + std::to_string(entry.stamp.value());
  }
  for (const auto& [group, starts] : groups) {
    out += " group " + group;
    for (const Stamp stamp : starts) out += " from " + std::to_string(stamp.value());
  }
  for (const auto& [group, reader, entry] : pending) {
    out += " pending " + group + " in " + std::to_string(reader) + ": " + entry.id.ToString() +
           " of " + std::to_string(entry.region);
  }
  return out;
}

Stream SpecifyStream(const std::string& key, const std::vector<const Operation*>& operations) {
  Stream stream;
  std::set<std::string> groups;
  for (const Operation* operation : operations) {
    if (operation->key != key) continue;
    if (!operation->stream.group.empty()) groups.insert(operation->stream.group);
    if (operation->kind != Kind::kStreamAdd) continue;
    const EntryKey entry{operation->stream.id, operation->stamp};
    const bool taken = std::ranges::any_of(operations, [&](const Operation* other) {
      return TakesEntry(*other, key, entry) && Sees(*other, *operation);
    });
    if (!taken) stream.entries.insert(entry);
  }
  for (const std::string& group : groups) {
    const GroupRules rules(key, group, operations);
    std::set<Stamp> starts = rules.Starts();
    if (starts.empty()) continue;
    stream.groups[group] = std::move(starts);
    rules.AddPending(stream);
  }
  return stream;
}

Stream Described(const crdt::StreamValue& stored) {
  Stream stream;
  stored.entries().Ascend({}, EntryKey::Behind(crdt::StreamId::Greatest()),
                          [&stream](const crdt::EntryView& entry) {
                            stream.entries.insert(entry.key());
                            return true;
                          });
  for (const auto& [name, group] : stored.groups()) {
    for (const auto& generation : group.generations()) {
      stream.groups[name].insert(generation.stamp);
    }
    for (crdt::RegionId reader = 1; reader <= crdt::kMaxRegion; ++reader) {
      group.members(reader).ForEachPending(crdt::StreamId::Least(), crdt::StreamId::Greatest(),
                                           [&, &name = name](const AuthoredId& entry, const auto&) {
                                             stream.pending.emplace(name, reader, entry);
                                             return true;
                                           });
    }
  }
  return stream;
}

}  // namespace properties
