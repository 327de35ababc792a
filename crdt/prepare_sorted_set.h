// Prepare functions of sorted sets; prepare.h says what such functions are.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "crdt/prepare.h"

namespace crdt {

using MemberScore = std::pair<std::string_view, double>;

// Members that are there with the same score are written again: else a concurrent ZREM would take
// what the client has just added. REQUIRES: the key shows nothing or a sorted set; each member
// stands once in `members`; no score is NaN.
void PrepareSortedSetAdd(const KeyView& key_view, std::string_view key,
                         std::span<const MemberScore> members, Condition condition,
                         EffectList& out);
// Names only the members that are there; nothing where none is.
void PrepareSortedSetRemove(const KeyView& key_view, std::string_view key,
                            std::span<const std::string_view> members, RemoveReason reason,
                            EffectList& out);
// An infinite sum is assigned: nothing can be added to it. REQUIRES: the sum of delta and what the
// member shows is not NaN.
void PrepareSortedSetIncrement(const KeyView& key_view, std::string_view key,
                               std::string_view member, Writer writer, double delta,
                               EffectList& out);

}  // namespace crdt
