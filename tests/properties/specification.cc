#include "specification.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace properties {
namespace {

using crdt::DeadlineMs;
using crdt::Stamp;
using crdt::ValueType;

bool Sees(const Operation& later, const Operation& earlier) {
  return later.context.Covers(earlier.stamp);
}

ValueType TypeOf(Kind kind) {
  switch (kind) {
    case Kind::kSet:
    case Kind::kIncrement:
      return ValueType::kString;
    case Kind::kSetAdd:
    case Kind::kSetRemove:
      return ValueType::kSet;
    case Kind::kHashSet:
    case Kind::kHashDelete:
    case Kind::kHashIncrement:
      return ValueType::kHash;
    case Kind::kSortedSetAdd:
    case Kind::kSortedSetRemove:
    case Kind::kSortedSetIncrement:
      return ValueType::kSortedSet;
    case Kind::kStreamAdd:
    case Kind::kStreamRemove:
    case Kind::kStreamTrim:
    case Kind::kGroupCreate:
    case Kind::kGroupSetPosition:
    case Kind::kGroupDestroy:
    case Kind::kGroupDeliver:
    case Kind::kGroupAcknowledge:
      return ValueType::kStream;
    case Kind::kListPush:
    case Kind::kListInsert:
    case Kind::kListSet:
    case Kind::kListRemove:
    case Kind::kListTrim:
      return ValueType::kList;
    case Kind::kHyperLogLogAdd:
      return ValueType::kHyperLogLog;
    case Kind::kDelete:
    case Kind::kExpire:
    case Kind::kFlush:
      return ValueType::kNone;
  }
  return ValueType::kNone;
}

bool Names(const Operation& operation, const std::string& element) {
  return std::ranges::find(operation.elements, element) != operation.elements.end();
}

bool Concerns(const Operation& operation, const std::string& key) {
  return operation.kind == Kind::kFlush || operation.key == key;
}

// It replaces or removes what it has seen of this element of this container.
bool Takes(const Operation& operation, ValueType container, const std::string& element) {
  switch (operation.kind) {
    case Kind::kSet:
    case Kind::kDelete:
    case Kind::kFlush:
      return true;
    case Kind::kSetAdd:
    case Kind::kSetRemove:
    case Kind::kHashSet:
    case Kind::kHashDelete:
    case Kind::kSortedSetAdd:
    case Kind::kSortedSetRemove:
      if (container == TypeOf(operation.kind) && Names(operation, element)) return true;
      break;
    case Kind::kIncrement:
    case Kind::kHashIncrement:
    case Kind::kSortedSetIncrement:
    case Kind::kListPush:
    case Kind::kListInsert:
    case Kind::kListSet:
    case Kind::kListRemove:
    case Kind::kListTrim:
    case Kind::kExpire:
    default:
      break;
  }
  return operation.ends_hidden && container != TypeOf(operation.kind);
}

std::optional<DeadlineMs> WritesDeadline(const Operation& operation) {
  if (operation.creates) return crdt::kInfinite;
  return operation.keeps_ttl ? std::nullopt : operation.deadline;
}

bool TakesDeadline(const Operation& operation) {
  return WritesDeadline(operation) || operation.empties || operation.kind == Kind::kDelete ||
         operation.kind == Kind::kFlush;
}

std::string TextOf(Quarters quarters) {
  const bool negative = quarters < 0;
  const auto magnitude = static_cast<std::uint64_t>(negative ? -quarters : quarters);
  static constexpr const char* kFractions[] = {"", ".25", ".5", ".75"};
  return (negative ? "-" : "") + std::to_string(magnitude / 4) + kFractions[magnitude % 4];
}

std::string DescribeValue(const std::map<Stamp, std::string>& assigned, Quarters sum, Stamp newest,
                          std::string_view text) {
  std::string out = "'" + std::string(text) + "' newest " + std::to_string(newest.value());
  for (const auto& [stamp, value] : assigned) {
    out += " [" + std::to_string(stamp.value()) + "=" + value + "]";
  }
  return out + " plus " + TextOf(sum);
}

std::string DescribeDeadlines(const std::map<Stamp, DeadlineMs>& deadlines) {
  std::string out;
  for (const auto& [stamp, deadline] : deadlines) {
    out += " ttl " + std::to_string(stamp.value()) + "=" +
           (deadline == crdt::kInfinite ? "never" : std::to_string(deadline));
  }
  return out;
}

Stamp Newest(const std::map<std::string, Value>& elements) {
  Stamp newest;
  for (const auto& [name, value] : elements) newest = std::max(newest, value.newest());
  return newest;
}

Stamp Newest(const std::vector<ListElement>& list) {
  Stamp newest;
  for (const ListElement& element : list) newest = std::max(newest, element.newest());
  return newest;
}

std::string DescribeListElement(const ListId& id, const std::map<Stamp, std::string>& assigned) {
  return " element " + std::to_string(id.stamp.value()) + "#" + std::to_string(id.index) + " " +
         DescribeValue(assigned, 0, assigned.rbegin()->first, assigned.rbegin()->second);
}

std::map<std::string, Value>& ElementsOf(Key& key, ValueType container) {
  if (container == ValueType::kSet) return key.set;
  return container == ValueType::kHash ? key.hash : key.sorted_set;
}

void AddWrite(const Operation& operation, Key& key, auto survives) {
  const ValueType container = TypeOf(operation.kind);
  switch (operation.kind) {
    case Kind::kSet:
      if (survives(container, "")) key.string.assigned[operation.stamp] = operation.value;
      break;
    case Kind::kIncrement:
      if (survives(container, "")) key.string.added[operation.stamp] = operation.amount;
      break;
    case Kind::kSetAdd:
    case Kind::kHashSet:
    case Kind::kSortedSetAdd:
      for (const std::string& name : operation.elements) {
        if (!survives(container, name)) continue;
        ElementsOf(key, container)[name].assigned[operation.stamp] = operation.value;
      }
      break;
    case Kind::kHashIncrement:
    case Kind::kSortedSetIncrement: {
      const std::string& name = operation.elements.front();
      if (!survives(container, name)) break;
      ElementsOf(key, container)[name].added[operation.stamp] = operation.amount;
      break;
    }
    default:
      break;
  }
}

}  // namespace

Quarters Value::sum() const {
  Quarters sum = 0;
  for (const auto& [stamp, amount] : added) sum += amount;
  return sum;
}

Stamp Value::newest() const {
  return std::max(assigned.empty() ? Stamp() : assigned.rbegin()->first,
                  added.empty() ? Stamp() : added.rbegin()->first);
}

std::string Value::Text() const {
  const std::string base = assigned.empty() ? "0" : assigned.rbegin()->second;
  if (added.empty()) return assigned.empty() ? "" : base;
  std::int64_t integer = 0;
  const auto parsed = std::from_chars(base.data(), base.data() + base.size(), integer);
  if (parsed.ec == std::errc() && parsed.ptr == base.data() + base.size()) {
    const Quarters total = Quarters{integer} * 4 + sum();
    if (total > Quarters{INT64_MAX} * 4) return std::to_string(INT64_MAX);
    if (total < Quarters{INT64_MIN} * 4) return std::to_string(INT64_MIN);
    return total % 4 == 0 ? std::to_string(static_cast<std::int64_t>(total / 4)) : TextOf(total);
  }
  char* end = nullptr;
  const double number = std::strtod(base.c_str(), &end);
  if (end != base.c_str() + base.size()) return base;  // Not a number: shown as it is.
  return TextOf(static_cast<Quarters>(number * 4) + sum());
}

std::string Value::Describe() const {
  return DescribeValue(assigned, sum(), newest(), Text());
}

ValueType Key::type() const {
  const Stamp newest = std::max({string.newest(), Newest(hash), Newest(set), Newest(list),
                                 Newest(sorted_set), stream.newest(), hyperloglog.newest()});
  if (newest.is_zero()) return ValueType::kNone;
  if (newest == string.newest()) return ValueType::kString;
  if (newest == Newest(hash)) return ValueType::kHash;
  if (newest == Newest(set)) return ValueType::kSet;
  if (newest == Newest(list)) return ValueType::kList;
  if (newest == Newest(sorted_set)) return ValueType::kSortedSet;
  return newest == stream.newest() ? ValueType::kStream : ValueType::kHyperLogLog;
}

bool Key::clashes() const {
  return string.shows() + !hash.empty() + !set.empty() + !list.empty() + !sorted_set.empty() +
             stream.shows() + hyperloglog.shows() >
         1;
}

std::optional<DeadlineMs> Key::deadline() const {
  DeadlineMs longest = std::numeric_limits<DeadlineMs>::min();
  for (const auto& [stamp, deadline] : deadlines) longest = std::max(longest, deadline);
  if (deadlines.empty() || longest == crdt::kInfinite) return std::nullopt;
  return longest;
}

std::string Key::Describe() const {
  std::string out(crdt::NameOf(type()));
  if (string.shows()) out += " string " + string.Describe();
  for (const auto& [name, value] : hash) out += " field " + name + " " + value.Describe();
  for (const auto& [name, value] : set) out += " member " + name + " " + value.Describe();
  for (const ListElement& element : list) out += DescribeListElement(element.id, element.assigned);
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, value] : sorted_set) {
    out += " scored " + name + " " + value.Describe();
    order.emplace_back(std::strtod(value.Text().c_str(), nullptr), name);
  }
  std::ranges::sort(order);
  for (const auto& [score, name] : order) out += " then " + name;
  return out + stream.Describe() + hyperloglog.Describe() + DescribeDeadlines(deadlines);
}

Key Specify(const std::string& key, const std::vector<const Operation*>& operations) {
  Key result;
  result.list = SpecifyList(key, operations);
  result.list_tree = TreeOf(key, operations);
  for (const Operation* operation : operations) {
    if (operation->key != key) continue;
    AddWrite(*operation, result, [&](ValueType container, const std::string& element) {
      return std::ranges::none_of(operations, [&](const Operation* other) {
        return Concerns(*other, key) && Takes(*other, container, element) &&
               Sees(*other, *operation);
      });
    });
    if (const auto deadline = WritesDeadline(*operation)) {
      const bool taken = std::ranges::any_of(operations, [&](const Operation* other) {
        return Concerns(*other, key) && TakesDeadline(*other) && Sees(*other, *operation);
      });
      if (!taken) result.deadlines[operation->stamp] = *deadline;
    }
  }
  result.stream = SpecifyStream(key, operations);
  result.hyperloglog = SpecifyHyperLogLog(key, operations);
  return result;
}

// --- The production state ------------------------------------------------------------------------

namespace {

std::string DescribeStored(const crdt::StringValue& value) {
  std::map<Stamp, std::string> assigned;
  for (const crdt::Sibling& sibling : value.siblings()) assigned[sibling.stamp] = sibling.value;
  const crdt::Total sum = value.counters().Sum();
  std::string scratch;
  return DescribeValue(assigned, sum.integer * 4 + static_cast<Quarters>(sum.floating * 4),
                       value.newest(), value.Text(scratch));
}

std::string DescribeElements(const crdt::ElementTable* table, std::string_view what) {
  std::map<std::string, std::string> described;
  if (table == nullptr) return {};
  table->ForEach([&](std::string_view name, std::string_view) {
    described[std::string(name)] = DescribeStored(table->Find(name).Value());
  });
  std::string out;
  for (const auto& [name, text] : described) out += std::string(what) + name + " " + text;
  return out;
}

std::string DescribeList(const crdt::ListValue& list) {
  std::string out;
  list.ForEach(0, list.size(), [&out](const crdt::ListElementView& element) {
    std::map<Stamp, std::string> assigned;
    for (const crdt::Sibling& sibling : element.Siblings()) {
      assigned[sibling.stamp] = sibling.value;
    }
    const crdt::ListPlace place = element.place();
    out += DescribeListElement({place.inserted(), place.steps.empty() ? place.root.index : 0},
                               assigned);
    std::string scratch;
    if (element.Text(scratch) != assigned.rbegin()->second) out += " (shown otherwise)";
    return true;
  });
  return out;
}

std::string DescribeSortedSet(const crdt::SortedSet& set) {
  std::string out = DescribeElements(&set.members(), " scored ");
  std::uint64_t rank = 0;
  set.Ascend(0, [&](const crdt::RankedMember& member) {
    out += " then " + std::string(member.name);
    if (set.Score(member.name) != member.score) out += " (out of place)";
    if (set.Rank(member.name) != rank++) out += " (of another rank)";
    return true;
  });
  return out;
}

}  // namespace

std::string Describe(const crdt::KeyView& view) {
  std::string out(crdt::NameOf(view.type()));
  if (view.cell() == nullptr) return out;
  if (view.cell()->is_packed()) {
    const crdt::PackedValue packed = view.cell()->packed();
    return out + " string " + DescribeStored(crdt::StringValue::FromPacked(packed)) +
           DescribeDeadlines({{packed.stamp, crdt::kInfinite}});
  }
  const crdt::Object& object = view.cell()->full();
  if (object.string() != nullptr && object.string()->visible()) {
    out += " string " + DescribeStored(*object.string());
  }
  out += DescribeElements(object.hash(), " field ");
  out += DescribeElements(object.set(), " member ");
  if (object.list() != nullptr) out += DescribeList(*object.list());
  if (object.sorted_set() != nullptr) out += DescribeSortedSet(*object.sorted_set());
  if (object.stream() != nullptr) out += Described(*object.stream()).Describe();
  if (object.hyperloglog() != nullptr) out += Described(*object.hyperloglog()).Describe();
  std::map<Stamp, DeadlineMs> deadlines;
  for (const auto& sibling : object.ttl().siblings()) deadlines[sibling.stamp] = sibling.deadline;
  return out + DescribeDeadlines(deadlines);
}

}  // namespace properties
