#include "crdt/element_table.h"

#include <xxhash.h>

#include <algorithm>
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

// Counting one less; counts are unsigned.
constexpr std::uint64_t kLess = ~std::uint64_t{0};

// An effect with this context takes the place of such an assignment. One effect may name an element
// twice: the last value counts.
bool Replaces(const Context& context, Stamp assigned) {
  return context.Covers(assigned) || assigned == context.stamp();
}

std::vector<std::string> NamesOf(const ElementTable& table) {
  std::vector<std::string> names;
  names.reserve(table.stored());
  table.ForEachStored([&names](const Element& element) { names.emplace_back(element.name()); });
  return names;
}

}  // namespace

// --- Questions -----------------------------------------------------------------------------------

std::optional<std::string_view> ElementTable::Text(std::string_view name,
                                                   std::string& scratch) const {
  const Element found = Find(name);
  if (!found) return std::nullopt;
  return found.Text(scratch);
}

void ElementTable::ForEach(
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  std::string scratch;
  small_.ForEach([&](const SmallElements::Entry& entry) {
    visit(entry.name(), entry.packed(scratch).Text(scratch));
  });
  table_.ForEach([&](const Table::Cell& cell) {
    if (Shows(cell)) visit(cell.name(), TextOf(cell, scratch));
  });
}

std::uint64_t ElementTable::Scan(
    std::uint64_t cursor, std::uint64_t count,
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  if (is_small()) {
    ForEach(visit);
    return 0;
  }
  std::string scratch;
  return table_.Scan(cursor, count, [&](const Table::Cell& cell) {
    if (Shows(cell)) visit(cell.name(), TextOf(cell, scratch));
  });
}

std::string_view ElementTable::Random(const std::function<std::uint64_t()>& dice) const {
  if (is_small()) return small_.At(dice() % small_.size()).name();
  for (;;) {
    const Table::Cell* cell = table_.Random(dice);
    if (Shows(*cell)) return cell->name();
  }
}

Stamp ElementTable::newest() const {
  Stamp newest;
  ForEachStored([&](const Element& element) { newest = std::max(newest, element.newest()); });
  return newest;
}

std::size_t ElementTable::memory_bytes() const {
  return sizeof *this + small_.memory_bytes() + table_.memory_bytes();
}

// --- Changes -------------------------------------------------------------------------------------

void ElementTable::Assign(std::string_view name, const Context& context, std::string_view value) {
  const PackedValue assigned{.stamp = context.stamp(), .text = value};
  if (is_small()) {
    if (AssignSmall(name, context, assigned)) return;
    Grow();
  }
  const std::uint64_t hash = Table::Hash(name);
  const Table::Cell* cell = table_.Find(name, hash);
  const bool replaces =
      cell == nullptr || (cell->is_text() && Replaces(context, cell->text_stamp()));
  if (replaces && value.size() <= PackedValue::kMostTextBytes) {
    if (cell == nullptr) ++size_;
    table_.PutPacked(name, hash, assigned);
    return;
  }
  Change(name, [&](StringValue& element) { element.Assign(context, value); });
}

bool ElementTable::AssignSmall(std::string_view name, const Context& context,
                               const PackedValue& assigned) {
  const SmallElements::Entry found = small_.Find(name);
  if (found && (found.is_counter() || !Replaces(context, found.stamp()))) return false;
  if (!small_.Takes(found, name, assigned)) return false;
  if (!found) ++size_;
  small_.Put(found, name, assigned);
  return true;
}

void ElementTable::Increase(std::string_view name, Stamp start, Stamp stamp, const Total& total) {
  if (total.is_small_integer()) {
    const PackedCounter counter{stamp, static_cast<std::int64_t>(total.integer)};
    const PackedValue increased{.stamp = start, .text = {}, .counts = true, .counter = counter};
    if (is_small() ? IncreaseSmall(name, increased) : IncreaseLarge(name, increased)) return;
  }
  Change(name, [&](StringValue& element) { element.counters().Increase(start, stamp, total); });
}

bool ElementTable::IncreaseSmall(std::string_view name, const PackedValue& increased) {
  const SmallElements::Entry found = small_.Find(name);
  if (!found) {
    if (!small_.Takes(found, name, increased)) return false;
    ++size_;
    ++with_counters_;
    small_.Put(found, name, increased);
    return true;
  }
  const bool goes_on = found.is_counter() && found.stamp() == increased.stamp &&
                       increased.counter.last > found.counter().last;
  if (goes_on) small_.SetCounter(found, increased.counter);
  return goes_on;
}

bool ElementTable::IncreaseLarge(std::string_view name, const PackedValue& increased) {
  const std::uint64_t hash = Table::Hash(name);
  Table::Cell* cell = table_.Find(name, hash);
  if (cell == nullptr) {
    ++size_;
    ++with_counters_;
    table_.PutPacked(name, hash, increased);
    return true;
  }
  const bool goes_on = cell->is_counter() && cell->counter_start() == increased.stamp &&
                       increased.counter.last > cell->counter().last;
  if (goes_on) cell->set_counter(increased.counter);
  return goes_on;
}

void ElementTable::Remove(std::string_view name, const Context& context) {
  if (is_small()) {
    const SmallElements::Entry found = small_.Find(name);
    if (!found) return;
    if (!found.is_counter()) {
      if (!context.Covers(found.stamp())) return;
      small_.Erase(found);
      --size_;
      return;
    }
  } else {
    const std::uint64_t hash = Table::Hash(name);
    const Table::Cell* cell = table_.Find(name, hash);
    if (cell == nullptr) return;
    if (cell->is_text()) {
      if (!context.Covers(cell->text_stamp())) return;
      table_.Erase(name, hash);
      --size_;
      return;
    }
  }
  Change(name, [&](StringValue& element) { element.Clear(context); });
}

void ElementTable::RemoveAll(const Context& context) {
  if (context.covers_everything() && !has_counters()) {
    small_.clear();
    table_.clear();
    size_ = 0;
    return;
  }
  std::vector<std::string> covered;
  ForEachStored([&](const Element& element) {
    const bool stays = element.is_text() && !context.Covers(element.text_stamp());
    if (!stays) covered.emplace_back(element.name());
  });
  for (const std::string& name : covered) Remove(name, context);
}

void ElementTable::Count(const StringValue& element, std::uint64_t by) {
  if (element.visible()) size_ += by;
  if (!element.counters().empty()) with_counters_ += by;
  if (element.counters().has_spent()) with_spent_ += by;
}

void ElementTable::Change(std::string_view name, const std::function<void(StringValue&)>& change) {
  if (is_small()) return ChangeSmall(name, change);
  const std::uint64_t hash = Table::Hash(name);
  StringValue& element = table_.Unpack(name, hash);
  Count(element, kLess);
  change(element);
  Count(element, 1);
  if (element.empty()) {
    table_.Erase(name, hash);
  } else if (const std::optional<PackedValue> packed = element.AsPacked()) {
    table_.PutPacked(name, hash, *packed);
  }
}

void ElementTable::ChangeSmall(std::string_view name,
                               const std::function<void(StringValue&)>& change) {
  const SmallElements::Entry found = small_.Find(name);
  StringValue element = found ? Element(found).Value() : StringValue();
  Count(element, kLess);
  change(element);
  Count(element, 1);
  if (element.empty()) {
    if (found) small_.Erase(found);
    return;
  }
  const std::optional<PackedValue> packed = element.AsPacked();
  if (packed && small_.Takes(found, name, *packed)) return small_.Put(found, name, *packed);
  Grow();
  const std::uint64_t hash = Table::Hash(name);
  if (packed) return table_.PutPacked(name, hash, *packed);
  table_.Unpack(name, hash) = std::move(element);
}

void ElementTable::Grow() {
  std::string scratch;
  small_.ForEach([&](const SmallElements::Entry& entry) {
    table_.PutPacked(entry.name(), Table::Hash(entry.name()), entry.packed(scratch));
  });
  small_.clear();
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
  std::vector<std::string> names = NamesOf(*this);
  other.ForEachStored([&](const Element& element) {
    if (!FindStored(element.name())) names.emplace_back(element.name());
  });
  for (const std::string& name : names) {
    const Element found = other.FindStored(name);
    const StringValue theirs_value = found ? found.Value() : StringValue();
    Change(name, [&](StringValue& element) { element.Join(theirs_value, mine, theirs); });
  }
}

// --- Bytes ---------------------------------------------------------------------------------------

void ElementTable::Encode(ByteWriter& out) const {
  std::vector<Element> elements;
  elements.reserve(stored());
  ForEachStored([&elements](const Element& element) { elements.push_back(element); });
  std::ranges::sort(elements, {}, &Element::name);
  out.Varint(elements.size());
  for (const Element& element : elements) {
    out.Bytes(element.name());
    element.Value().Encode(out);
  }
}

void ElementTable::EncodeMerged(ByteWriter& out) const {
  out.Varint(size_);
  std::uint64_t sum = 0;
  std::string bytes;
  ForEachStored([&](const Element& element) {
    if (!element.shows()) return;
    bytes.clear();
    ByteWriter merged(bytes);
    merged.Bytes(element.name());
    element.Value().EncodeMerged(merged);
    sum += XXH3_64bits(bytes.data(), bytes.size());
  });
  out.U64(sum);
}

Status DecodeElements(ByteReader& in,
                      const std::function<bool(std::string_view, StringValue&&)>& take) {
  const std::uint64_t count = in.Count(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = in.Bytes();
    Result<StringValue> value = StringValue::Decode(in);
    if (!value) return std::unexpected(value.error());
    if (!in.ok() || !take(name, *std::move(value))) {
      return Fail(ErrorCode::kCorrupt, "a collection has an element that it cannot have");
    }
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a collection ends early");
  return {};
}

Result<ElementTable> ElementTable::Decode(ByteReader& in) {
  ElementTable table(kDecodedSeed);
  const Status decoded = DecodeElements(in, [&table](std::string_view name, StringValue&& value) {
    if (table.FindStored(name)) return false;
    table.Change(name, [&value](StringValue& element) { element = std::move(value); });
    return true;
  });
  if (!decoded) return std::unexpected(decoded.error());
  return table;
}

bool ElementTable::EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const {
  std::string bytes;
  ByteWriter elements(bytes);
  std::uint64_t count = 0;
  const auto put = [&](const Element& element) {
    const std::size_t before = bytes.size();
    elements.Bytes(element.name());
    element.Value().Encode(elements);
    // Elements of one hash come together.
    if (!budget.spent()) budget.TakeElement(bytes.size() - before);
    ++count;
  };
  bool ended = true;
  if (is_small()) {
    ended = PutSmall(at, budget, put);
  } else {
    do {
      ended = !budget.spent();
      if (!ended) break;
      at.cell = table_.Scan(at.cell, 1, [&put](const Table::Cell& cell) { put(Element(&cell)); });
    } while (at.cell != 0);
  }
  out.Varint(count);
  out.Raw(bytes.data(), bytes.size());
  return ended;
}

bool ElementTable::PutSmall(PieceCursor& at, PieceBudget& budget,
                            const std::function<void(const Element&)>& put) const {
  // Other elements may stand in other places next time: by name.
  std::vector<Element> rest;
  small_.ForEach([&](const SmallElements::Entry& entry) {
    if (!at.name || entry.name() > *at.name) rest.emplace_back(entry);
  });
  std::ranges::sort(rest, {}, &Element::name);
  for (const Element& element : rest) {
    if (budget.spent()) return false;
    put(element);
    at.name = element.name();
  }
  return true;
}

Status ElementTable::AddPiece(ByteReader& in) {
  return DecodeElements(in, [this](std::string_view name, StringValue&& value) {
    Change(name, [&value](StringValue& element) { element = std::move(value); });
    return true;
  });
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
