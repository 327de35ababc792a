#include "crdt/sorted_set.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace crdt {
namespace {

// 0 and -0 stand at one place and are shown differently.
bool SameBits(double left, double right) {
  return std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
}

}  // namespace

double SortedSet::ScoreOfCell(const Cell& cell) {
  if (cell.is_counter()) return static_cast<double>(cell.counter().total);
  if (!cell.is_packed()) return ScoreOf(cell.full());
  const std::string_view text = cell.text();
  double score = 0;
  std::from_chars(text.data(), text.data() + text.size(), score);
  return score;
}

std::optional<double> SortedSet::Score(std::string_view name) const {
  const Cell* cell = members_.Find(name);
  return cell == nullptr ? std::nullopt : std::optional(ScoreOfCell(*cell));
}

std::optional<std::uint64_t> SortedSet::Rank(std::string_view name) const {
  const std::optional<double> score = Score(name);
  if (!score) return std::nullopt;
  return order_.CountWhile([&](const ScoreIndex::Entry& entry) {
    return entry.score != *score ? entry.score < *score : entry.cell->name() < name;
  });
}

std::size_t SortedSet::memory_bytes() const {
  return members_.memory_bytes() + order_.memory_bytes() + sizeof *this - sizeof members_;
}

// --- Changes -------------------------------------------------------------------------------------

SortedSet::Standing SortedSet::StandingOf(std::string_view name) const {
  const Cell* cell = members_.Find(name);
  return cell == nullptr ? Standing() : Standing{cell, ScoreOfCell(*cell)};
}

void SortedSet::Reorder(std::string_view name, const Standing& before) {
  const Standing after = StandingOf(name);
  if (before.cell != nullptr && after.cell != nullptr && SameBits(before.score, after.score)) {
    if (before.cell != after.cell) order_.Replace(before.score, name, before.cell, after.cell);
    return;
  }
  if (before.cell != nullptr) order_.Erase(before.score, name, before.cell);
  if (after.cell != nullptr) order_.Insert(after.score, after.cell);
}

void SortedSet::Assign(std::string_view name, const Context& context, std::string_view score_text) {
  const Standing before = StandingOf(name);
  members_.Assign(name, context, score_text);
  Reorder(name, before);
}

void SortedSet::Increase(std::string_view name, Stamp start, Stamp stamp, const Total& total) {
  const Standing before = StandingOf(name);
  members_.Increase(name, start, stamp, total);
  Reorder(name, before);
}

void SortedSet::Remove(std::string_view name, const Context& context) {
  const Standing before = StandingOf(name);
  members_.Remove(name, context);
  Reorder(name, before);
}

void SortedSet::Change(std::string_view name, const std::function<void(StringValue&)>& change) {
  const Standing before = StandingOf(name);
  members_.Change(name, change);
  Reorder(name, before);
}

void SortedSet::RemoveAll(const Context& context) {
  order_.clear();
  members_.RemoveAll(context);
  BuildOrder();
}

void SortedSet::DropSpent() {
  std::vector<std::string> names;
  members_.table().ForEach([&names](const Cell& cell) {
    if (!cell.is_packed() && cell.full().counters().has_spent()) names.emplace_back(cell.name());
  });
  for (const std::string& name : names) {
    Change(name, [](StringValue& member) { member.counters().DropSpent(); });
  }
}

void SortedSet::Join(const SortedSet& other, const VersionVector& mine,
                     const VersionVector& theirs) {
  order_.clear();
  members_.Join(other.members_, mine, theirs);
  BuildOrder();
}

void SortedSet::BuildOrder() {
  std::vector<ScoreIndex::Entry> entries;
  entries.reserve(members_.size());
  members_.table().ForEach([&entries](const Cell& cell) {
    if (cell.is_packed() || cell.full().visible()) entries.push_back({ScoreOfCell(cell), &cell});
  });
  std::ranges::sort(entries, [](const ScoreIndex::Entry& left, const ScoreIndex::Entry& right) {
    return left.score != right.score ? left.score < right.score
                                     : left.cell->name() < right.cell->name();
  });
  for (const ScoreIndex::Entry& entry : entries) order_.Insert(entry.score, entry.cell);
}

Result<SortedSet> SortedSet::Decode(ByteReader& in) {
  Result<ElementTable> members = ElementTable::Decode(in);
  if (!members) return std::unexpected(members.error());
  SortedSet set;
  set.members_ = *std::move(members);
  bool scores = true;
  set.members_.table().ForEach([&scores](const Cell& cell) {
    if (cell.is_text()) scores = scores && ParseScore(cell.text()).has_value();
    if (cell.is_packed()) return;
    for (const Sibling& sibling : cell.full().siblings()) {
      scores = scores && ParseScore(sibling.value).has_value();
    }
  });
  if (!scores) return Fail(ErrorCode::kCorrupt, "a member's score is not a number");
  set.BuildOrder();
  return set;
}

}  // namespace crdt
