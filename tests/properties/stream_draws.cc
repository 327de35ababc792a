#include "stream_draws.h"

#include <algorithm>
#include <array>
#include <string>

#include "crdt/prepare_stream.h"
#include "crdt/stream_reading.h"

namespace properties {

using crdt::AuthoredId;
using crdt::EffectList;
using crdt::EntryView;
using crdt::KeyView;
using crdt::StreamGroup;
using crdt::StreamId;
using crdt::StreamValue;

namespace {

using Roll = std::function<std::uint64_t(std::uint64_t)>;

class Draw {
 public:
  Draw(const KeyView& view, crdt::Writer writer, const Roll& roll, Operation& operation)
      : view_(view), writer_(writer), roll_(roll), operation_(operation) {
    operation_.stream.group = std::string(1, roll(2) == 0 ? 'g' : 'h');
    if (!view.exists()) return;
    stream_ = &view.stream();
    group_ = stream_->Group(operation_.stream.group);
  }

  bool Add() {
    operation_.stream.group.clear();
    const StreamId last = crdt::LastStreamId(view_);
    StreamId& id = operation_.stream.id;
    id = {1 + roll_(20), roll_(2)};
    if (id <= last) id = last.Next();
    crdt::PrepareStreamAdd(view_, operation_.key, writer_, id,
                           std::array<std::string_view, 2>{"f", "v"}, effects);
    return true;
  }

  bool Remove() {
    operation_.stream.group.clear();
    if (stream_ == nullptr || stream_->entries().empty()) return false;
    const StreamId id = stream_->entries().KeyAfter(roll_(stream_->entries().size())).id;
    operation_.stream.id = id;
    operation_.empties = stream_->entries().Count(id) == stream_->entries().size() &&
                         stream_->group_count() == 0 && !view_.clashes();
    crdt::PrepareStreamRemove(view_, operation_.key, writer_, std::array{id}, effects);
    return true;
  }

  bool Trim() {
    operation_.stream.group.clear();
    if (stream_ == nullptr || stream_->entries().empty()) return false;
    const std::uint64_t size = stream_->entries().size();
    const std::uint64_t count = 1 + roll_(size);
    operation_.stream.end = count < size ? stream_->entries().KeyAfter(count)
                                         : crdt::EntryKey::Behind(StreamId::Greatest());
    operation_.empties = count == size && stream_->group_count() == 0 && !view_.clashes();
    crdt::PrepareStreamTrim(view_, operation_.key, count, effects);
    return true;
  }

  bool Create() {
    if (group_ != nullptr) return false;
    crdt::PrepareGroupCreate(view_, operation_.key, operation_.stream.group, {}, effects);
    return true;
  }

  bool SetPosition() {
    if (group_ == nullptr) return false;
    crdt::PrepareGroupSetPosition(operation_.key, operation_.stream.group, {}, effects);
    return true;
  }

  bool Destroy() {
    if (group_ == nullptr) return false;
    operation_.empties =
        stream_->entries().empty() && stream_->group_count() == 1 && !view_.clashes();
    crdt::PrepareGroupDestroy(view_, operation_.key, operation_.stream.group, effects);
    return true;
  }

  bool Deliver() {
    if (group_ == nullptr) return false;
    std::vector<AuthoredId>& entries = operation_.stream.entries;
    const std::uint64_t most = 1 + roll_(3);
    crdt::ForEachUndelivered(*stream_, *group_, writer_.region(), [&](const EntryView& entry) {
      entries.push_back({entry.stamp.region(), entry.id});
      return entries.size() < most;
    });
    if (entries.empty()) return false;
    crdt::PrepareGroupDeliver(operation_.key,
                              {.group = operation_.stream.group,
                               .consumer = "c",
                               .generation = group_->newest(),
                               .now_ms = 1,
                               .entries_read = {},
                               .entries = entries},
                              effects);
    return true;
  }

  bool Acknowledge() {
    if (group_ == nullptr) return false;
    std::vector<AuthoredId>& entries = operation_.stream.entries;
    group_->members(writer_.region())
        .ForEachPending(StreamId::Least(), StreamId::Greatest(),
                        [&](const AuthoredId& entry, const auto&) {
                          if (roll_(2) == 0) entries.push_back(entry);
                          return true;
                        });
    crdt::PrepareGroupAcknowledge(operation_.key, operation_.stream.group, entries, effects);
    return !entries.empty();
  }

  EffectList effects;

 private:
  const KeyView& view_;
  crdt::Writer writer_;
  const Roll& roll_;
  Operation& operation_;
  const StreamValue* stream_ = nullptr;
  const StreamGroup* group_ = nullptr;
};

bool DrawKind(Draw& draw, Kind kind) {
  switch (kind) {
    case Kind::kStreamAdd:
      return draw.Add();
    case Kind::kStreamRemove:
      return draw.Remove();
    case Kind::kStreamTrim:
      return draw.Trim();
    case Kind::kGroupCreate:
      return draw.Create();
    case Kind::kGroupSetPosition:
      return draw.SetPosition();
    case Kind::kGroupDestroy:
      return draw.Destroy();
    case Kind::kGroupDeliver:
      return draw.Deliver();
    case Kind::kGroupAcknowledge:
      return draw.Acknowledge();
    default:
      return false;
  }
}

}  // namespace

std::optional<EffectList> DrawStream(const KeyView& view, crdt::Writer writer, const Roll& roll,
                                     Operation& operation) {
  Draw draw(view, writer, roll, operation);
  const bool adds = operation.kind == Kind::kStreamAdd || operation.kind == Kind::kGroupCreate;
  operation.creates = operation.creates && adds;
  operation.ends_hidden = operation.ends_hidden && adds;
  if (!DrawKind(draw, operation.kind)) return std::nullopt;
  return std::move(draw.effects);
}

}  // namespace properties
