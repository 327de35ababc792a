// Unions, intersections and differences of sorted sets and sets.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/sorted_set_ranges.h"
#include "server/commands/sorted_set_writes.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::MemberScore;
using crdt::RankedMember;
using crdt::ValueType;

// One of the keys that are combined; the members of a set have the score 1.
class Source {
 public:
  explicit Source(const KeyView& view) : view_(view) {}

  double weight = 1;

  std::uint64_t size() const {
    if (!view_.exists()) return 0;
    return scored() ? view_.sorted_set().size() : view_.elements().size();
  }
  std::optional<double> Score(std::string_view member) const {
    if (!view_.exists()) return std::nullopt;
    if (scored()) return view_.sorted_set().Score(member);
    return view_.elements().Contains(member) ? std::optional<double>(1) : std::nullopt;
  }
  // 0 where the product is not a number.
  double Weighted(double score) const {
    const double product = score * weight;
    return std::isnan(product) ? 0 : product;
  }
  // Calls visit(member, score) for each member.
  template <class Visit>
  void ForEach(Visit visit) const {
    if (!view_.exists()) return;
    if (scored()) {
      VisitRange(view_.sorted_set(), {0, size()}, Direction::kForward,
                 [&visit](const RankedMember& member) { visit(member.name, member.score); });
    } else {
      view_.elements().ForEach(
          [&visit](std::string_view member, std::string_view) { visit(member, 1.0); });
    }
  }

 private:
  bool scored() const { return view_.type() == ValueType::kSortedSet; }

  KeyView view_;
};

enum class Aggregate { kSum, kMin, kMax };

double Join(double left, double right, Aggregate aggregate) {
  if (aggregate == Aggregate::kMin) return std::min(left, right);
  if (aggregate == Aggregate::kMax) return std::max(left, right);
  const double sum = left + right;
  return std::isnan(sum) ? 0 : sum;  // Of both infinities.
}

enum class Operation { kUnion, kIntersection, kDifference };

struct CombinationWords {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  WithScores with_scores = WithScores::kNo;
  std::uint64_t limit = 0;  // 0: none.
};

// What a command allows behind its keys.
struct CombinationGrammar {
  bool weights = false;  // WEIGHTS and AGGREGATE
  bool with_scores = false;
  bool limit = false;
};

// --- Words ---------------------------------------------------------------------------------------

std::string_view TakeWeights(Arguments words, std::vector<Source>& sources) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto weight = ParseScoreWord(words[i]);
    if (!weight) return "ERR weight value is not a float";
    sources[i].weight = *weight;
  }
  return {};
}

std::string_view TakeAggregate(std::string_view word, Aggregate& aggregate) {
  if (EqualsIgnoreCase(word, "sum")) {
    aggregate = Aggregate::kSum;
  } else if (EqualsIgnoreCase(word, "min")) {
    aggregate = Aggregate::kMin;
  } else if (EqualsIgnoreCase(word, "max")) {
    aggregate = Aggregate::kMax;
  } else {
    return kErrorSyntax;
  }
  return {};
}

// Takes one option off the front of `words`; the result is empty or the error.
std::string_view TakeOption(Arguments& words, const CombinationGrammar& grammar,
                            CombinationWords& parsed) {
  const std::string_view option = words[0];
  std::size_t taken = 2;
  std::string_view error;
  if (grammar.weights && words.size() > parsed.sources.size() &&
      EqualsIgnoreCase(option, "weights")) {
    error = TakeWeights(words.subspan(1), parsed.sources);
    taken = 1 + parsed.sources.size();
  } else if (grammar.weights && words.size() >= 2 && EqualsIgnoreCase(option, "aggregate")) {
    error = TakeAggregate(words[1], parsed.aggregate);
  } else if (grammar.with_scores && EqualsIgnoreCase(option, "withscores")) {
    parsed.with_scores = WithScores::kYes;
    taken = 1;
  } else if (grammar.limit && words.size() >= 2 && EqualsIgnoreCase(option, "limit")) {
    const auto limit = crdt::ParseInteger(words[1]);
    if (!limit || *limit < 0) return "ERR LIMIT can't be negative";
    parsed.limit = static_cast<std::uint64_t>(*limit);
  } else {
    error = kErrorSyntax;
  }
  if (error.empty()) words = words.subspan(taken);
  return error;
}

// numkeys key … and the options. Empty, and the error answered, where they make no sense or a key
// holds something else.
std::optional<CombinationWords> ParseCombination(CommandContext& context, Arguments words,
                                                 std::string_view name,
                                                 const CombinationGrammar& grammar) {
  const auto refuse = [&context](std::string_view error) {
    context.reply.Error(error);
    return std::nullopt;
  };
  const auto key_count = crdt::ParseInteger(words[0]);
  if (!key_count) return refuse(kErrorNotAnInteger);
  if (*key_count < 1) {
    return refuse("ERR at least 1 input key is needed for '" + std::string(name) + "' command");
  }
  if (*key_count > static_cast<std::int64_t>(words.size()) - 1) return refuse(kErrorSyntax);
  const auto keys = static_cast<std::size_t>(*key_count);
  CombinationWords parsed;
  for (const std::string_view key : words.subspan(1, keys)) {
    const KeyView view = context.database.Read(key);
    ServerStats& stats = context.node.stats();
    ++(view.exists() ? stats.keyspace_hits : stats.keyspace_misses);
    if (view.exists() && view.type() != ValueType::kSortedSet && view.type() != ValueType::kSet) {
      return refuse(kErrorWrongType);
    }
    parsed.sources.emplace_back(view);
  }
  for (Arguments rest = words.subspan(1 + keys); !rest.empty();) {
    const std::string_view error = TakeOption(rest, grammar, parsed);
    if (!error.empty()) return refuse(error);
  }
  return parsed;
}

// --- Combining -----------------------------------------------------------------------------------

// Fewest members first: an intersection looks at no more than those. Also the order in which
// Redis adds up.
void OrderBySize(std::vector<Source>& sources) {
  std::ranges::stable_sort(sources, {}, &Source::size);
}

ScoredMembers Unite(CombinationWords& words) {
  OrderBySize(words.sources);
  ScoredMembers found;
  found.reserve(words.sources.back().size());
  absl::flat_hash_map<std::string_view, std::size_t> places;
  places.reserve(words.sources.back().size());
  for (const Source& source : words.sources) {
    source.ForEach([&](std::string_view member, double score) {
      const double weighted = source.Weighted(score);
      const auto [place, is_new] = places.emplace(member, found.size());
      if (is_new) {
        found.emplace_back(member, weighted);
      } else {
        double& sum = found[place->second].second;
        sum = Join(sum, weighted, words.aggregate);
      }
    });
  }
  return found;
}

ScoredMembers Intersect(CombinationWords& words) {
  OrderBySize(words.sources);
  ScoredMembers found;
  const std::span<const Source> others = std::span(words.sources).subspan(1);
  const Source& smallest = words.sources.front();
  smallest.ForEach([&](std::string_view member, double score) {
    if (words.limit != 0 && found.size() == words.limit) return;
    double sum = smallest.Weighted(score);
    for (const Source& other : others) {
      const auto other_score = other.Score(member);
      if (!other_score) return;
      sum = Join(sum, *other_score * other.weight, words.aggregate);
    }
    found.emplace_back(member, sum);
  });
  return found;
}

ScoredMembers Subtract(CombinationWords& words) {
  ScoredMembers found;
  const std::span<const Source> others = std::span(words.sources).subspan(1);
  words.sources.front().ForEach([&](std::string_view member, double score) {
    const bool in_other = std::ranges::any_of(
        others, [member](const Source& other) { return other.Score(member).has_value(); });
    if (!in_other) found.emplace_back(member, score);
  });
  return found;
}

ScoredMembers Combine(Operation operation, CombinationWords& words) {
  if (operation == Operation::kUnion) return Unite(words);
  return operation == Operation::kIntersection ? Intersect(words) : Subtract(words);
}

template <Operation kOperation>
void AnswerCombination(CommandContext& context, Arguments arguments) {
  const bool weights = kOperation != Operation::kDifference;
  auto words = ParseCombination(context, arguments.subspan(1), LowerCase(arguments[0]),
                                {.weights = weights, .with_scores = true});
  if (!words) return;
  ScoredMembers members = Combine(kOperation, *words);
  std::ranges::sort(members, [](const MemberScore& left, const MemberScore& right) {
    return left.second != right.second ? left.second < right.second : left.first < right.first;
  });
  BeginMembers(context.reply, members.size(), words->with_scores);
  for (const auto& [member, score] : members) {
    WriteMember(context.reply, member, score, words->with_scores);
  }
}

template <Operation kOperation>
void StoreCombination(CommandContext& context, Arguments arguments) {
  context.database.ReadToWrite(arguments[1]);
  const bool weights = kOperation != Operation::kDifference;
  auto words = ParseCombination(context, arguments.subspan(2), LowerCase(arguments[0]),
                                {.weights = weights});
  if (words) StoreMembers(context, arguments[1], Combine(kOperation, *words));
}

void ZInterCard(CommandContext& context, Arguments arguments) {
  auto words = ParseCombination(context, arguments.subspan(1), "zintercard", {.limit = true});
  if (words) context.reply.Integer(static_cast<std::int64_t>(Intersect(*words).size()));
}

// --- Declarations --------------------------------------------------------------------------------

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kStored =
    "Ships the result, computed from what is visible here, as new members, after an observed "
    "delete of what the destination held: members that other regions add meanwhile survive.";

constexpr CommandSpec Answers(std::string_view name, std::string_view summary,
                              void (*run)(CommandContext&, Arguments)) {
  return {.name = name,
          .words = AtLeast(3),
          .access = kRead,
          .flags = flag::kMovableKeys,
          .group = "sorted_set",
          .summary = summary,
          .since = "6.2.0",
          .run = run,
          .key_count_position = 1};
}

constexpr CommandSpec Stores(std::string_view name, std::string_view summary,
                             std::string_view since, void (*run)(CommandContext&, Arguments)) {
  return {.name = name,
          .words = AtLeast(4),
          .keys = kOneKey,
          .key_use = KeyUse::kRead,
          .first_key_use = KeyUse::kOverwrite,
          .access = kWrite,
          .flags = flag::kMovableKeys | flag::kDenyOom,
          .group = "sorted_set",
          .summary = summary,
          .when_concurrent = kStored,
          .since = since,
          .run = run,
          .key_count_position = 2};
}

constexpr CommandSpec kCommands[] = {
    Answers("zunion", "The members that are in any of several sorted sets.",
            AnswerCombination<Operation::kUnion>),
    Answers("zinter", "The members that are in every one of several sorted sets.",
            AnswerCombination<Operation::kIntersection>),
    Answers("zdiff", "The members of the first sorted set that are in none of the others.",
            AnswerCombination<Operation::kDifference>),
    Stores("zunionstore", "Stores what ZUNION answers.", "2.0.0",
           StoreCombination<Operation::kUnion>),
    Stores("zinterstore", "Stores what ZINTER answers.", "2.0.0",
           StoreCombination<Operation::kIntersection>),
    Stores("zdiffstore", "Stores what ZDIFF answers.", "6.2.0",
           StoreCombination<Operation::kDifference>),
    {.name = "zintercard",
     .words = AtLeast(3),
     .access = kRead,
     .flags = flag::kMovableKeys,
     .group = "sorted_set",
     .summary = "How many members are in every one of several sorted sets.",
     .since = "7.0.0",
     .run = ZInterCard,
     .key_count_position = 1},
};

}  // namespace

std::span<const CommandSpec> SortedSetCombinationCommands() {
  return kCommands;
}

}  // namespace server
