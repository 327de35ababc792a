#include "crdt/element_table.h"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <vector>

namespace crdt {
namespace {

// Differs from those of tables that are made otherwise, since a decoded one is joined into them.
constexpr std::uint64_t kDecodedSeed = 1;

bool Shows(const ElementTable::Table::Cell& cell) {
  return cell.is_packed() || cell.full().visible();
}

std::string_view TextOf(const ElementTable::Table::Cell& cell, std::string& scratch) {
  return cell.is_packed() ? cell.packed().Text(scratch) : cell.full().Text(scratch);
}

}  // namespace

const ElementTable::Table::Cell* ElementTable::Find(std::string_view name) const {
  const Table::Cell* cell = table_.Find(name);
  return cell != nullptr && Shows(*cell) ? cell : nullptr;
}

std::optional<std::string_view> ElementTable::Text(std::string_view name,
                                                   std::string& scratch) const {
  const Table::Cell* cell = Find(name);
  if (cell == nullptr) return std::nullopt;
  return TextOf(*cell, scratch);
}

void ElementTable::ForEach(
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  std::string scratch;
  table_.ForEach([&](const Table::Cell& cell) {
    if (Shows(cell)) visit(cell.name(), TextOf(cell, scratch));
  });
}

std::uint64_t ElementTable::Scan(
    std::uint64_t cursor, std::uint64_t count,
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  std::string scratch;
  return table_.Scan(cursor, count, [&](const Table::Cell& cell) {
    if (Shows(cell)) visit(cell.name(), TextOf(cell, scratch));
  });
}

std::string_view ElementTable::Random(const std::function<std::uint64_t()>& dice) const {
  for (;;) {
    const Table::Cell* cell = table_.Random(dice);
    if (Shows(*cell)) return cell->name();
  }
}

void ElementTable::Assign(std::string_view name, const Context& context, std::string_view value) {
  const std::uint64_t hash = Table::Hash(name);
  const Table::Cell* cell = table_.Find(name, hash);
  // One effect may name an element twice: the last value counts.
  const bool replaces =
      cell == nullptr || (cell->is_text() && (context.Covers(cell->text_stamp()) ||
                                              cell->text_stamp() == context.stamp()));
  if (replaces && value.size() <= PackedValue::kMostTextBytes) {
    if (cell == nullptr) ++size_;
    table_.PutPacked(name, hash, {.stamp = context.stamp(), .text = value});
    return;
  }
  Change(name, [&](StringValue& element) { element.Assign(context, value); });
}

void ElementTable::Increase(std::string_view name, Stamp start, Stamp stamp, const Total& total) {
  const std::uint64_t hash = Table::Hash(name);
  Table::Cell* cell = table_.Find(name, hash);
  if (total.is_small_integer()) {
    const PackedCounter counter{stamp, static_cast<std::int64_t>(total.integer)};
    if (cell == nullptr) {
      ++size_;
      ++with_counters_;
      table_.PutPacked(name, hash,
                       {.stamp = start, .text = {}, .counts = true, .counter = counter});
      return;
    }
    if (cell->is_counter() && cell->counter_start() == start && stamp > cell->counter().last) {
      cell->set_counter(counter);
      return;
    }
  }
  Change(name, [&](StringValue& element) { element.counters().Increase(start, stamp, total); });
}

void ElementTable::Remove(std::string_view name, const Context& context) {
  const std::uint64_t hash = Table::Hash(name);
  const Table::Cell* cell = table_.Find(name, hash);
  if (cell == nullptr) return;
  if (cell->is_text()) {
    if (!context.Covers(cell->text_stamp())) return;
    table_.Erase(name, hash);
    --size_;
    return;
  }
  Change(name, [&](StringValue& element) { element.Clear(context); });
}

void ElementTable::RemoveAll(const Context& context) {
  std::vector<std::string> covered;
  bool all = true;
  table_.ForEach([&](const Table::Cell& cell) {
    if (!cell.is_text()) {
      all = false;
      covered.emplace_back(cell.name());
    } else if (!context.covers_everything()) {
      all = false;
      if (context.Covers(cell.text_stamp())) covered.emplace_back(cell.name());
    }
  });
  if (all) {
    table_.clear();
    size_ = 0;
    return;
  }
  if (context.covers_everything()) {
    covered.clear();
    table_.ForEach([&](const Table::Cell& cell) { covered.emplace_back(cell.name()); });
  }
  for (const std::string& name : covered) Remove(name, context);
}

void ElementTable::Change(std::string_view name, const std::function<void(StringValue&)>& change) {
  const std::uint64_t hash = Table::Hash(name);
  const Table::Cell* before = table_.Find(name, hash);
  const bool showed = before != nullptr && Shows(*before);
  StringValue& element = table_.Unpack(name, hash);
  with_counters_ -= element.counters().empty() ? 0 : 1;
  with_spent_ -= element.counters().has_spent() ? 1 : 0;
  change(element);
  size_ += (element.visible() ? 1 : 0);
  size_ -= (showed ? 1 : 0);
  with_counters_ += element.counters().empty() ? 0 : 1;
  with_spent_ += element.counters().has_spent() ? 1 : 0;
  if (element.empty()) {
    table_.Erase(name, hash);
  } else if (const std::optional<PackedValue> packed = element.AsPacked()) {
    table_.PutPacked(name, hash, *packed);
  }
}

void ElementTable::DropSpent() {
  std::vector<std::string> names;
  table_.ForEach([&](const Table::Cell& cell) {
    if (!cell.is_packed() && cell.full().counters().has_spent()) names.emplace_back(cell.name());
  });
  for (const std::string& name : names) {
    Change(name, [](StringValue& element) { element.counters().DropSpent(); });
  }
}

void ElementTable::Join(const ElementTable& other, const VersionVector& mine,
                        const VersionVector& theirs) {
  std::vector<std::string> names;
  table_.ForEach([&](const Table::Cell& cell) { names.emplace_back(cell.name()); });
  other.table_.ForEach([&](const Table::Cell& cell) {
    if (table_.Find(cell.name()) == nullptr) names.emplace_back(cell.name());
  });
  for (const std::string& name : names) {
    const Table::Cell* cell = other.table_.Find(name);
    StringValue theirs_value;
    if (cell != nullptr) {
      theirs_value = cell->is_packed() ? StringValue::FromPacked(cell->packed()) : cell->full();
    }
    Change(name, [&](StringValue& element) { element.Join(theirs_value, mine, theirs); });
  }
}

Stamp ElementTable::newest() const {
  Stamp newest;
  table_.ForEach([&](const Table::Cell& cell) {
    newest = std::max(newest, cell.is_packed() ? cell.packed().newest() : cell.full().newest());
  });
  return newest;
}

std::size_t ElementTable::memory_bytes() const {
  return sizeof *this + table_.memory_bytes();
}

namespace {

std::map<std::string_view, const ElementTable::Table::Cell*> ByName(
    const ElementTable::Table& table) {
  std::map<std::string_view, const ElementTable::Table::Cell*> cells;
  table.ForEach([&](const ElementTable::Table::Cell& cell) { cells[cell.name()] = &cell; });
  return cells;
}

StringValue ValueOf(const ElementTable::Table::Cell& cell) {
  return cell.is_packed() ? StringValue::FromPacked(cell.packed()) : cell.full();
}

}  // namespace

void ElementTable::Encode(ByteWriter& out) const {
  out.Varint(table_.size());
  for (const auto& [name, cell] : ByName(table_)) {
    out.Bytes(name);
    ValueOf(*cell).Encode(out);
  }
}

void ElementTable::EncodeMerged(ByteWriter& out) const {
  out.Varint(size_);
  std::uint64_t sum = 0;
  std::string bytes;
  table_.ForEach([&](const Table::Cell& cell) {
    if (!Shows(cell)) return;
    bytes.clear();
    ByteWriter element(bytes);
    element.Bytes(cell.name());
    ValueOf(cell).EncodeMerged(element);
    sum += XXH3_64bits(bytes.data(), bytes.size());
  });
  out.U64(sum);
}

Result<ElementTable> ElementTable::Decode(ByteReader& in) {
  ElementTable table(kDecodedSeed);
  const std::uint64_t count = in.Count(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = in.Bytes();
    Result<StringValue> value = StringValue::Decode(in);
    if (!value) return std::unexpected(value.error());
    if (!in.ok() || table.table_.Find(name) != nullptr) {
      return Fail(ErrorCode::kCorrupt, "an element stands twice in a collection");
    }
    table.Change(name, [&](StringValue& element) { element = *std::move(value); });
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a collection ends early");
  return table;
}

bool ElementTable::operator==(const ElementTable& other) const {
  std::string left;
  std::string right;
  ByteWriter left_writer(left);
  ByteWriter right_writer(right);
  Encode(left_writer);
  other.Encode(right_writer);
  return left == right;
}

}  // namespace crdt
