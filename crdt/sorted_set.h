// A sorted set: members with scores, and their order.
//
// A member is an element of a hash whose value is a number: ZADD assigns it, ZINCRBY adds to it,
// and both merge as fields do (string_value.h). The order by score and name is derived from what
// is shown, and never travels.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "crdt/element_table.h"
#include "crdt/score.h"
#include "crdt/score_index.h"

namespace crdt {

class SortedSet {
 public:
  using Cell = ElementTable::Table::Cell;

  SortedSet() = default;
  // As of ElementTable: sets that are filled from each other need different seeds.
  explicit SortedSet(std::uint64_t seed) : members_(seed) {}

  // --- Questions ---------------------------------------------------------------------------------
  std::uint64_t size() const { return order_.size(); }
  bool Contains(std::string_view name) const { return members_.Contains(name); }
  std::optional<double> Score(std::string_view name) const;
  // How many members stand before it; empty where it is not there.
  std::optional<std::uint64_t> Rank(std::string_view name) const;
  // As of ElementTable: also a member that shows nothing.
  const Cell* FindStored(std::string_view name) const { return members_.FindStored(name); }
  // For draws and scans. Its texts are what was assigned, not always the scores that are shown.
  const ElementTable& members() const { return members_; }
  // By score, then by name.
  const ScoreIndex& order() const { return order_; }

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

  bool operator==(const SortedSet& other) const { return members_ == other.members_; }

 private:
  // Where a member stands in the order.
  struct Standing {
    const Cell* cell = nullptr;  // Null: nowhere.
    double score = 0;
  };

  static double ScoreOfCell(const Cell& cell);
  Standing StandingOf(std::string_view name) const;
  // The member stood at `before`; its cell may have moved or gone since.
  void Reorder(std::string_view name, const Standing& before);
  void BuildOrder();

  ElementTable members_;
  ScoreIndex order_;
};

}  // namespace crdt
