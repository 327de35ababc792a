// Prepare: what a command would change, as effects. Runs once, at the region that took the command;
// reads the state and changes nothing.
//
// Each function appends to `out` one effect, or none where there is nothing to say, or two where a
// hidden container of another type has to be ended first (docs/data-types.md, "Type clash"). All
// set the flags that the time-to-live rules need (created, emptied) and carry the observed counter
// parts of what they replace. `key_view` is the key as it is; a key whose deadline has passed must
// be given as deleted already (the caller puts PrepareDelete with Expired first).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "crdt/effect.h"
#include "crdt/object.h"

namespace crdt {

enum class Ttl { kInfinite, kKeep, kDeadline };
enum class Condition {
  kNone,
  kDecidedLocally
};  // NX, XX, GET …: marks the effect for the journal.
enum class DeleteReason { kCommand, kExpired };
enum class RemoveReason { kCommand, kPopped };

struct SetOptions {
  Ttl ttl = Ttl::kInfinite;
  DeadlineMs deadline = kInfinite;  // With Ttl::kDeadline.
  Condition condition = Condition::kNone;
};

using FieldValue = std::pair<std::string_view, std::string_view>;

// Replaces whatever the key holds, whatever its type.
void PrepareSet(const KeyView& key_view, std::string_view key, std::string_view value,
                const SetOptions& options, EffectList& out);
// Nothing where the key shows nothing, but for what has expired and left its deadline.
void PrepareDelete(const KeyView& key_view, std::string_view key, DeleteReason reason,
                   EffectList& out);
// REQUIRES: the key shows nothing or a string. `writer` is this shard's.
void PrepareIncrement(const KeyView& key_view, std::string_view key, Writer writer,
                      std::int64_t delta, EffectList& out);
// REQUIRES: delta is finite.
void PrepareIncrementFloat(const KeyView& key_view, std::string_view key, Writer writer,
                           Float128 delta, EffectList& out);
// REQUIRES: the key exists. kInfinite is PERSIST, which is a write also where there is no TTL.
void PrepareExpire(const KeyView& key_view, std::string_view key, DeadlineMs deadline,
                   EffectList& out);

// REQUIRES: the key shows nothing or a set. Members that are present are written again: else a
// concurrent SREM would take what the client has just added.
void PrepareSetAdd(const KeyView& key_view, std::string_view key,
                   std::span<const std::string_view> members, EffectList& out);
// Names only the members that are there; nothing where none is.
void PrepareSetRemove(const KeyView& key_view, std::string_view key,
                      std::span<const std::string_view> members, RemoveReason reason,
                      EffectList& out);

// REQUIRES: the key shows nothing or a hash.
void PrepareHashSet(const KeyView& key_view, std::string_view key,
                    std::span<const FieldValue> fields, Condition condition, EffectList& out);
// Names only the fields that are there.
void PrepareHashDelete(const KeyView& key_view, std::string_view key,
                       std::span<const std::string_view> fields, EffectList& out);
void PrepareHashIncrement(const KeyView& key_view, std::string_view key, std::string_view field,
                          Writer writer, std::int64_t delta, EffectList& out);
void PrepareHashIncrementFloat(const KeyView& key_view, std::string_view key,
                               std::string_view field, Writer writer, Float128 delta,
                               EffectList& out);

// FLUSHALL: an observed delete of everything in `tables`, one effect. Lists the counter parts of
// every key that has some.
void PrepareClear(std::span<const KeyTable* const> tables, EffectList& out);

}  // namespace crdt
