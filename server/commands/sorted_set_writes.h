// What several commands do to sorted sets: ZADD and GEOADD add members, the STORE commands replace
// a key by a sorted set.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "crdt/prepare_sorted_set.h"
#include "server/command.h"
#include "server/resp/reply_writer.h"

namespace server {

using ScoredMembers = std::vector<crdt::MemberScore>;

struct AddOptions {
  bool only_new = false;       // NX
  bool only_there = false;     // XX
  bool only_greater = false;   // GT
  bool only_less = false;      // LT
  bool count_changed = false;  // CH
  bool increment = false;      // INCR

  bool conditional() const { return only_new || only_there || only_greater || only_less; }
};

// Adds the members to the sorted set at `key` and answers how many are new, or changed; with
// increment the score, or null.
void AddMembers(CommandContext& context, std::string_view key,
                std::span<const crdt::MemberScore> members, const AddOptions& options);

// Deletes what `key` holds, of whatever type, and adds the members: one record. Answers how many
// they are. REQUIRES: whatever has expired at `key` was deleted (ReadToWrite).
void StoreMembers(CommandContext& context, std::string_view key,
                  std::span<const crdt::MemberScore> members);

enum class WithScores { kNo, kYes };

// The header of a list of members: in RESP3 each stands with its score in an array of its own.
inline void BeginMembers(ReplyWriter& reply, std::size_t count, WithScores with_scores) {
  const bool flat = with_scores == WithScores::kYes && reply.protocol() == Protocol::kResp2;
  reply.Array(flat ? count * 2 : count);
}
inline void WriteMember(ReplyWriter& reply, std::string_view name, double score,
                        WithScores with_scores) {
  if (with_scores == WithScores::kNo) return reply.Bulk(name);
  if (reply.protocol() == Protocol::kResp3) reply.Array(2);
  reply.Bulk(name);
  reply.Double(score);
}

}  // namespace server
