// A sorted set: members with scores, and their order.
//
// A member is an element of a hash whose value is a number: ZADD assigns it, ZINCRBY adds to it,
// and both merge as fields do (string_value.h). The order by score and name is derived from what
// is shown, and never travels. In a small set the members' block is in that order; a greater one
// has an index.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <string_view>

#include "crdt/element_table.h"
#include "crdt/score.h"
#include "crdt/score_index.h"

namespace crdt {

struct RankedMember {
  std::string_view name;
  double score = 0;
};

class SortedSet {
 public:
  SortedSet() = default;
  // As of ElementTable: sets that are filled from each other need different seeds.
  explicit SortedSet(std::uint64_t seed) : members_(seed) {}

  // --- Questions ---------------------------------------------------------------------------------
  std::uint64_t size() const { return members_.is_small() ? members_.size() : order_.size(); }
  bool Contains(std::string_view name) const { return members_.Contains(name); }
  std::optional<double> Score(std::string_view name) const;
  // How many members stand before it; empty where it is not there.
  std::optional<std::uint64_t> Rank(std::string_view name) const;
  // As of ElementTable: also a member that shows nothing.
  Element FindStored(std::string_view name) const { return members_.FindStored(name); }
  // For draws and scans. Its texts are what was assigned, not always the scores that are shown.
  const ElementTable& members() const { return members_; }
  // The order is by score, then by name. From the member of rank `rank` on, up or down, calls
  // visit(member) until it returns false. The set must not change meanwhile.
  template <class Visit>
  void Ascend(std::uint64_t rank, Visit visit) const;
  template <class Visit>
  void Descend(std::uint64_t rank, Visit visit) const;
  // How many members, from the first one on, answer true to `before`. REQUIRES: behind the first
  // that answers false all do.
  template <class Before>
  std::uint64_t CountWhile(Before before) const;

  // The greatest stamp inside of what shows something. Looks at every member.
  Stamp newest() const { return members_.newest(); }
  bool empty() const { return members_.empty(); }
  bool has_counters() const { return members_.has_counters(); }
  bool has_spent() const { return members_.has_spent(); }
  std::size_t memory_bytes() const;

  // --- Changes, each keeping the order right -----------------------------------------------------
  void Assign(std::string_view name, const Context& context, std::string_view score_text);
  void Increase(std::string_view name, Stamp start, Stamp stamp, const Total& total);
  void Remove(std::string_view name, const Context& context);
  void RemoveAll(const Context& context);
  // As ElementTable::Change.
  void Change(std::string_view name, const std::function<void(StringValue&)>& change);
  void DropSpent();
  void Join(const SortedSet& other, const VersionVector& mine, const VersionVector& theirs);

  void Encode(ByteWriter& out) const { members_.Encode(out); }
  static Result<SortedSet> Decode(ByteReader& in);
  void EncodeMerged(ByteWriter& out) const { members_.EncodeMerged(out); }
  // As of ElementTable.
  bool EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const {
    return members_.EncodePiece(at, budget, out);
  }
  Status AddPiece(ByteReader& in);

  bool operator==(const SortedSet& other) const { return members_ == other.members_; }

 private:
  using Cell = ElementTable::Table::Cell;

  // The first of these places for which `before` does not hold.
  template <class Before>
  static std::size_t CountWhile(std::size_t begin, std::size_t end, Before before) {
    const auto places = std::views::iota(begin, end);
    return begin +
           static_cast<std::size_t>(std::ranges::partition_point(places, before) - places.begin());
  }

  // Where a member stands in the index.
  struct Standing {
    const Cell* cell = nullptr;  // Null: nowhere.
    double score = 0;
  };

  static double ScoreOfCell(const Cell& cell);
  static double ScoreOfEntry(const SmallElements::Entry& entry);
  static RankedMember Ranked(const SmallElements::Entry& entry) {
    return {entry.name(), ScoreOfEntry(entry)};
  }
  static RankedMember Ranked(const ScoreIndex::Entry& entry) {
    return {entry.cell->name(), entry.score};
  }
  static bool IsBefore(const RankedMember& left, const RankedMember& right) {
    return left.score != right.score ? left.score < right.score : left.name < right.name;
  }
  // Runs a change of one member and puts it in its place.
  template <class ChangeMember>
  void Reordering(std::string_view name, ChangeMember change);
  // In a small set: where it belongs by its score.
  void Place(std::string_view name);
  Standing StandingOf(std::string_view name) const;
  // REQUIRES: the index is empty.
  void BuildOrder();
  void ArrangeSmall();

  ElementTable members_;
  ScoreIndex order_;  // Empty where the set is small.
};

template <class Visit>
void SortedSet::Ascend(std::uint64_t rank, Visit visit) const {
  if (members_.is_small()) {
    const SmallElements& small = members_.small();
    if (rank >= small.size()) return;
    SmallElements::Entry entry = small.At(rank);
    while (visit(Ranked(entry)) && ++rank < small.size()) entry = entry.Next();
    return;
  }
  if (rank >= order_.size()) return;
  auto cursor = order_.At(rank);
  while (visit(Ranked(cursor.entry())) && ++rank < order_.size()) cursor.Next();
}

template <class Visit>
void SortedSet::Descend(std::uint64_t rank, Visit visit) const {
  if (rank >= size()) return;
  if (members_.is_small()) {
    SmallElements::Entry entry = members_.small().At(rank);
    while (visit(Ranked(entry)) && rank-- > 0) entry = members_.small().Before(entry);
    return;
  }
  auto cursor = order_.At(rank);
  while (visit(Ranked(cursor.entry())) && rank-- > 0) cursor.Previous();
}

template <class Before>
std::uint64_t SortedSet::CountWhile(Before before) const {
  if (members_.is_small()) {
    const SmallElements& small = members_.small();
    return CountWhile(0, small.size(),
                      [&](std::size_t place) { return before(Ranked(small.At(place))); });
  }
  return order_.CountWhile(
      [&before](const ScoreIndex::Entry& entry) { return before(Ranked(entry)); });
}

}  // namespace crdt
