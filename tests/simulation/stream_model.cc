#include "tests/simulation/stream_model.h"

#include <algorithm>

#include "crdt/stream_effect.h"

namespace simulation {

using crdt::EffectKind;
using crdt::EntryKey;
using crdt::Stamp;
using crdt::StreamEffect;

bool StreamModel::shows() const {
  return !newest().is_zero();
}

Stamp StreamModel::newest() const {
  Stamp newest;
  for (const EntryKey& entry : entries_) newest = std::max(newest, entry.stamp);
  for (const auto& [name, group] : groups_) {
    if (!group.starts.empty()) newest = std::max(newest, *group.starts.rbegin());
  }
  return newest;
}

void StreamModel::Clear(const Covers& covers) {
  std::erase_if(entries_, [&](const EntryKey& entry) { return covers(entry.stamp); });
}

void StreamModel::Bury(Stamp stamp) {
  buried_.push_back(stamp);
  for (auto& [name, group] : groups_) group.starts.clear();
}

void StreamModel::Apply(const crdt::EffectView& effect, Stamp stamp, const Covers& covers) {
  const StreamEffect body = StreamEffect::Of(effect);
  crdt::ByteReader items(body.items);
  switch (effect.kind) {
    case EffectKind::kStreamAdd:
      for (std::uint64_t i = 0; i < body.count; ++i) {
        entries_.insert({crdt::DecodeEntry(items).id, stamp});
      }
      break;
    case EffectKind::kStreamRemove:
      for (std::uint64_t i = 0; i < body.count; ++i) {
        const crdt::StreamId id = crdt::StreamId::Decode(items);
        std::erase_if(entries_,
                      [&](const EntryKey& entry) { return entry.id == id && covers(entry.stamp); });
      }
      break;
    case EffectKind::kStreamTrim:
      std::erase_if(entries_,
                    [&](const EntryKey& entry) { return entry < body.end && covers(entry.stamp); });
      break;
    case EffectKind::kGroupDestroy: {
      Group& group = groups_[std::string(body.group)];
      group.starts.clear();
      group.destroyed.push_back(stamp);
      break;
    }
    case EffectKind::kGroupCreate:
    case EffectKind::kGroupSetPosition: {
      Group& group = groups_[std::string(body.group)];
      if (!std::ranges::all_of(buried_, covers) || !std::ranges::all_of(group.destroyed, covers)) {
        break;
      }
      if (effect.kind == EffectKind::kGroupSetPosition) std::erase_if(group.starts, covers);
      group.starts.insert(stamp);
      break;
    }
    default:
      break;
  }
}

std::string StreamModel::Describe() const {
  std::string text;
  for (const EntryKey& entry : entries_) {
    text += ' ' + entry.id.ToString() + '@' + std::to_string(entry.stamp.value());
  }
  for (const auto& [name, group] : groups_) {
    for (const Stamp start : group.starts)
      text += " " + name + " from " + std::to_string(start.value());
  }
  return text;
}

std::string StreamModel::Compare(const crdt::StreamValue& shown) const {
  StreamModel other;
  shown.entries().Ascend({}, EntryKey::Behind(crdt::StreamId::Greatest()),
                         [&other](const crdt::EntryView& entry) {
                           other.entries_.insert(entry.key());
                           return true;
                         });
  for (const auto& [name, group] : shown.groups()) {
    for (const auto& generation : group.generations()) {
      other.groups_[name].starts.insert(generation.stamp);
    }
  }
  if (other.Describe() == Describe()) return {};
  return "shows" + other.Describe() + ", should be" + Describe();
}

}  // namespace simulation
