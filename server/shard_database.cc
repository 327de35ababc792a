#include "server/shard_database.h"

namespace server {

using crdt::EffectKind;
using crdt::EffectView;
using crdt::KeyView;
using crdt::Stamp;

KeyView ShardDatabase::ReadToWrite(std::string_view key) {
  const KeyView view = marks_use_ ? keyspace_.Use(key) : keyspace_.Find(key);
  if (!view.exists() || !IsExpired(view)) return view;
  // A write to a key that is expired here carries the observed delete first (fine print 20).
  crdt::PrepareDelete(view, key, crdt::DeleteReason::kExpired, effects_);
  Commit();
  return keyspace_.Find(key);
}

void ShardDatabase::Commit() {
  crdt::ByteReader in(effects_.bytes().substr(applied_bytes_));
  while (!in.at_end()) {
    const auto effect = EffectView::Decode(in);
    crdt::Require(effect.has_value(), "a prepared effect decodes");
    Stamp stamp;
    if (applied_count_ == 0) {
      stamp = clock_.Take(static_cast<std::uint64_t>(stamp_ms_), writer_);
      first_stamp_ = stamp;
    } else {
      // Consecutive, so that the record needs to name only its first stamp (fine print 1).
      stamp = first_stamp_.Plus(applied_count_);
      clock_.Observe(stamp);
    }
    if (!watches_.empty()) [[unlikely]] {
      if (effect->kind == EffectKind::kClear) {
        watches_.TouchAll([this](const std::string& key) { return Look(key).exists(); });
      } else {
        watches_.Touch(effect->key, effect->kind == EffectKind::kDelete &&
                                        effect->has(crdt::effect_flag::kExpired));
      }
    }
    if (!blocked_.empty()) [[unlikely]] {
      if (effect->kind == EffectKind::kClear) {
        blocked_.TouchAll();
      } else {
        blocked_.Touch(effect->key);
      }
    }
    keyspace_.Apply(*effect, crdt::Context::Everything(stamp), nullptr);
    ++applied_count_;
  }
  applied_bytes_ = effects_.bytes().size();
}

std::optional<Stamp> ShardDatabase::End(storage::Log& log) {
  if (applied_count_ == 0) {
    effects_.clear();
    return std::nullopt;
  }
  const Stamp last = first_stamp_.Plus(applied_count_ - 1);
  log.AppendRecord(first_stamp_, applied_count_, effects_.bytes());
  keyspace_.AdvanceFloor(last);
  effects_.clear();
  applied_bytes_ = 0;
  applied_count_ = 0;
  return last;
}

}  // namespace server
