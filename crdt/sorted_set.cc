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

double ScoreOfText(std::string_view text) {
  double score = 0;
  std::from_chars(text.data(), text.data() + text.size(), score);
  return score;
}

}  // namespace

double SortedSet::ScoreOfCell(const Cell& cell) {
  if (cell.is_counter()) return static_cast<double>(cell.counter().total);
  return cell.is_packed() ? ScoreOfText(cell.text()) : ScoreOf(cell.full());
}

double SortedSet::ScoreOfEntry(const SmallElements::Entry& entry) {
  if (entry.is_integer()) return static_cast<double>(entry.integer());
  if (entry.is_counter()) return static_cast<double>(entry.counter().total);
  return ScoreOfText(entry.text());
}

std::optional<double> SortedSet::Score(std::string_view name) const {
  if (members_.is_small()) {
    const SmallElements::Entry entry = members_.small().Find(name);
    return entry ? std::optional(ScoreOfEntry(entry)) : std::nullopt;
  }
  const Standing standing = StandingOf(name);
  return standing.cell == nullptr ? std::nullopt : std::optional(standing.score);
}

std::optional<std::uint64_t> SortedSet::Rank(std::string_view name) const {
  const std::optional<double> score = Score(name);
  if (!score) return std::nullopt;
  return CountWhile([&](const RankedMember& member) { return IsBefore(member, {name, *score}); });
}

std::size_t SortedSet::memory_bytes() const {
  return members_.memory_bytes() + order_.memory_bytes() + sizeof *this - sizeof members_;
}

// --- Changes -------------------------------------------------------------------------------------

SortedSet::Standing SortedSet::StandingOf(std::string_view name) const {
  const Cell* cell = members_.table().Find(name);
  const bool shows = cell != nullptr && (cell->is_packed() || cell->full().visible());
  return shows ? Standing{cell, ScoreOfCell(*cell)} : Standing();
}

template <class ChangeMember>
void SortedSet::Reordering(std::string_view name, ChangeMember change) {
  if (members_.is_small()) {
    change();
    return members_.is_small() ? Place(name) : BuildOrder();
  }
  const Standing before = StandingOf(name);
  change();
  const Standing after = StandingOf(name);
  if (before.cell != nullptr && after.cell != nullptr && SameBits(before.score, after.score)) {
    if (before.cell != after.cell) order_.Replace(before.score, name, before.cell, after.cell);
    return;
  }
  if (before.cell != nullptr) order_.Erase(before.score, name, before.cell);
  if (after.cell != nullptr) order_.Insert(after.score, after.cell);
}

void SortedSet::Place(std::string_view name) {
  const SmallElements::Entry placed = members_.small().Find(name);
  if (!placed) return;
  SmallElements& small = members_.small();
  const std::size_t from = placed.place();
  const auto before = [&small, member = Ranked(placed)](std::size_t place) {
    return IsBefore(Ranked(small.At(place)), member);
  };
  std::size_t to = CountWhile(0, from, before);
  if (to == from) to = CountWhile(from + 1, small.size(), before) - 1;
  small.Move(from, to);
}

void SortedSet::Assign(std::string_view name, const Context& context, std::string_view score_text) {
  Reordering(name, [&] { members_.Assign(name, context, score_text); });
}

void SortedSet::Increase(std::string_view name, Stamp start, Stamp stamp, const Total& total) {
  Reordering(name, [&] { members_.Increase(name, start, stamp, total); });
}

void SortedSet::Remove(std::string_view name, const Context& context) {
  Reordering(name, [&] { members_.Remove(name, context); });
}

void SortedSet::Change(std::string_view name, const std::function<void(StringValue&)>& change) {
  Reordering(name, [&] { members_.Change(name, change); });
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
  if (members_.is_small()) return ArrangeSmall();
  std::vector<ScoreIndex::Entry> entries;
  entries.reserve(members_.size());
  members_.table().ForEach([&entries](const Cell& cell) {
    if (cell.is_packed() || cell.full().visible()) entries.push_back({ScoreOfCell(cell), &cell});
  });
  std::ranges::sort(entries, [](const ScoreIndex::Entry& left, const ScoreIndex::Entry& right) {
    return IsBefore(Ranked(left), Ranked(right));
  });
  for (const ScoreIndex::Entry& entry : entries) order_.Insert(entry.score, entry.cell);
}

void SortedSet::ArrangeSmall() {
  std::vector<RankedMember> members;
  std::vector<std::size_t> places;
  members_.small().ForEach([&](const SmallElements::Entry& entry) {
    members.push_back(Ranked(entry));
    places.push_back(entry.place());
  });
  std::ranges::sort(places, IsBefore, [&members](std::size_t place) { return members[place]; });
  members_.small().Arrange(places);
}

Status SortedSet::AddPiece(ByteReader& in) {
  return DecodeElements(in, [this](std::string_view name, StringValue&& value) {
    for (const Sibling& sibling : value.siblings()) {
      if (!ParseScore(sibling.value)) return false;
    }
    Change(name, [&value](StringValue& member) { member = std::move(value); });
    return true;
  });
}

Result<SortedSet> SortedSet::Decode(ByteReader& in) {
  Result<ElementTable> members = ElementTable::Decode(in);
  if (!members) return std::unexpected(members.error());
  SortedSet set;
  set.members_ = *std::move(members);
  bool scores = true;
  std::string scratch;
  set.members_.ForEachStored([&](const Element& member) {
    if (member.is_text()) scores = scores && ParseScore(member.Text(scratch)).has_value();
    if (member.is_packed()) return;
    for (const Sibling& sibling : member.full().siblings()) {
      scores = scores && ParseScore(sibling.value).has_value();
    }
  });
  if (!scores) return Fail(ErrorCode::kCorrupt, "a member's score is not a number");
  set.BuildOrder();
  return set;
}

}  // namespace crdt
