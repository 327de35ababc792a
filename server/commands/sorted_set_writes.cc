#include "server/commands/sorted_set_writes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::MemberScore;

constexpr std::string_view kErrorNotANumber = "ERR resulting score is not a number (NaN)";

std::optional<double> ScoreOf(const KeyView& view, std::string_view member) {
  return view.exists() ? view.sorted_set().Score(member) : std::nullopt;
}

bool Allows(const AddOptions& options, const std::optional<double>& present, double score) {
  if (!present) return !options.only_there;
  if (options.only_new) return false;
  return !(options.only_less && score >= *present) && !(options.only_greater && score <= *present);
}

void Increment(CommandContext& context, std::string_view key, const MemberScore& step,
               const AddOptions& options) {
  const auto view = ReadTypedToWrite(context, key, crdt::ValueType::kSortedSet);
  if (!view) return;
  const auto& [member, delta] = step;
  const std::optional<double> present = ScoreOf(*view, member);
  const double sum = present.value_or(0) + delta;
  const bool refused = !present ? options.only_there : options.only_new;
  if (refused) return context.reply.Null();
  if (std::isnan(sum)) return context.reply.Error(kErrorNotANumber);
  if (!Allows(options, present, sum)) return context.reply.Null();
  crdt::PrepareSortedSetIncrement(*view, key, member, context.database.writer(), delta,
                                  context.database.effects());
  context.database.Commit();
  context.reply.Double(ScoreOf(context.database.Read(key), member).value_or(0));
}

// What a command that adds several members is going to write: each once, with its last score.
class Additions {
 public:
  // Up to here, comparing every member with every other costs less than a hash table.
  static constexpr std::size_t kFew = 12;

  void reserve(std::size_t size) { written_.reserve(size); }

  MemberScore* Find(std::string_view member) {
    if (places_.empty()) {
      const auto found = std::ranges::find(written_, member, &MemberScore::first);
      return found == written_.end() ? nullptr : &*found;
    }
    const auto found = places_.find(member);
    return found == places_.end() ? nullptr : &written_[found->second];
  }
  void Add(const MemberScore& addition) {
    written_.push_back(addition);
    if (written_.size() == kFew) {
      for (std::size_t i = 0; i < kFew; ++i) places_.emplace(written_[i].first, i);
    } else if (written_.size() > kFew) {
      places_.emplace(addition.first, written_.size() - 1);
    }
  }
  std::span<const MemberScore> written() const { return written_; }

 private:
  ScoredMembers written_;
  absl::flat_hash_map<std::string_view, std::size_t> places_;
};

}  // namespace

void AddMembers(CommandContext& context, std::string_view key, std::span<const MemberScore> members,
                const AddOptions& options) {
  if (options.increment) return Increment(context, key, members.front(), options);
  const auto view = ReadTypedToWrite(context, key, crdt::ValueType::kSortedSet);
  if (!view) return;
  std::int64_t added = 0;
  std::int64_t changed = 0;
  Additions additions;
  additions.reserve(members.size());
  for (const auto& [member, score] : members) {
    MemberScore* const earlier = members.size() == 1 ? nullptr : additions.Find(member);
    const std::optional<double> present =
        earlier != nullptr ? std::optional(earlier->second) : ScoreOf(*view, member);
    if (!Allows(options, present, score)) continue;
    added += present ? 0 : 1;
    changed += present && *present != score ? 1 : 0;
    if (earlier != nullptr) {
      earlier->second = score;
    } else {
      additions.Add({member, score});
    }
  }
  if (!additions.written().empty()) {
    crdt::PrepareSortedSetAdd(
        *view, key, additions.written(),
        options.conditional() ? crdt::Condition::kDecidedLocally : crdt::Condition::kNone,
        context.database.effects());
    context.database.Commit();
  }
  context.reply.Integer(options.count_changed ? added + changed : added);
}

void StoreMembers(CommandContext& context, std::string_view key,
                  std::span<const MemberScore> members) {
  Database& database = context.database;
  crdt::PrepareDelete(database.Read(key), key, crdt::DeleteReason::kCommand, database.effects());
  if (!members.empty()) {
    crdt::PrepareSortedSetAdd(KeyView(), key, members, crdt::Condition::kNone, database.effects());
  }
  database.Commit();
  context.reply.Integer(static_cast<std::int64_t>(members.size()));
}

}  // namespace server
