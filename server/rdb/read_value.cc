#include "server/rdb/read_value.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "crdt/string_value.h"
#include "server/rdb/packed_elements.h"
#include "server/rdb/rdb_reader.h"
#include "server/rdb/rdb_types.h"
#include "server/rdb/read_stream.h"

namespace server {
namespace {

// What is said of one list of a list of listpacks.
constexpr std::uint64_t kOneElement = 1;
constexpr std::uint64_t kListpack = 2;

Elements OrInvalidate(std::optional<Elements> elements, RdbReader& in) {
  if (elements) return *std::move(elements);
  in.Invalidate();
  return {};
}

// --- What is written element by element ----------------------------------------------------------

Elements TakeStrings(RdbReader& in) {
  Elements elements;
  const std::uint64_t count = in.Count(1);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) elements.push_back(in.String());
  return elements;
}

DumpedHash TakeHash(RdbReader& in) {
  DumpedHash hash;
  const std::uint64_t count = in.Count(2);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string name = in.String();
    hash.fields.emplace_back(std::move(name), in.String());
  }
  return hash;
}

DumpedSortedSet TakeSortedSet(RdbReader& in, bool texts) {
  DumpedSortedSet set;
  const std::uint64_t count = in.Count(2);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string member = in.String();
    set.members.emplace_back(std::move(member), texts ? in.TextDouble() : in.BinaryDouble());
  }
  return set;
}

// --- What is packed ------------------------------------------------------------------------------

DumpedList TakeLists(RdbReader& in, RdbType type) {
  DumpedList list;
  const std::uint64_t count = in.Count(1);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t form = type == RdbType::kListOfListpacks ? in.Length() : kListpack;
    std::string bytes = in.String();
    if (form == kOneElement) {
      list.elements.push_back(std::move(bytes));
      continue;
    }
    if (form != kListpack) in.Invalidate();
    Elements some = OrInvalidate(
        type == RdbType::kListOfZiplists ? ReadZiplist(bytes) : ReadListpack(bytes), in);
    std::ranges::move(some, std::back_inserter(list.elements));
  }
  return list;
}

DumpedHash HashOf(Elements elements, RdbReader& in) {
  DumpedHash hash;
  if (elements.size() % 2 != 0) in.Invalidate();
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    hash.fields.emplace_back(std::move(elements[i]), std::move(elements[i + 1]));
  }
  return hash;
}

DumpedSortedSet SortedSetOf(Elements elements, RdbReader& in) {
  DumpedSortedSet set;
  if (elements.size() % 2 != 0) in.Invalidate();
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    const auto score = crdt::ParseFloat(elements[i + 1]);
    if (!score) in.Invalidate();
    set.members.emplace_back(std::move(elements[i]), score ? static_cast<double>(*score) : 0);
  }
  return set;
}

DumpedValue TakeValue(RdbReader& in) {
  const auto type = static_cast<RdbType>(in.U8());
  switch (type) {
    case RdbType::kString:
      return DumpedString{in.String()};
    case RdbType::kList:
      return DumpedList{TakeStrings(in)};
    case RdbType::kSet:
      return DumpedSet{TakeStrings(in)};
    case RdbType::kHash:
      return TakeHash(in);
    case RdbType::kSortedSetOfTexts:
    case RdbType::kSortedSet:
      return TakeSortedSet(in, type == RdbType::kSortedSetOfTexts);
    case RdbType::kListZiplist:
      return DumpedList{OrInvalidate(ReadZiplist(in.String()), in)};
    case RdbType::kListOfZiplists:
    case RdbType::kListOfListpacks:
      return TakeLists(in, type);
    case RdbType::kSetIntegers:
      return DumpedSet{OrInvalidate(ReadIntegers(in.String()), in)};
    case RdbType::kSetListpack:
      return DumpedSet{OrInvalidate(ReadListpack(in.String()), in)};
    case RdbType::kHashZiplist:
      return HashOf(OrInvalidate(ReadZiplist(in.String()), in), in);
    case RdbType::kHashListpack:
      return HashOf(OrInvalidate(ReadListpack(in.String()), in), in);
    case RdbType::kSortedSetZiplist:
      return SortedSetOf(OrInvalidate(ReadZiplist(in.String()), in), in);
    case RdbType::kSortedSetListpack:
      return SortedSetOf(OrInvalidate(ReadListpack(in.String()), in), in);
    case RdbType::kStream1:
    case RdbType::kStream2:
    case RdbType::kStream3:
      return TakeStream(in, type);
  }
  in.Invalidate();
  return DumpedString();
}

// --- Whether it may be a value -------------------------------------------------------------------

std::string_view NameOf(const std::string& element) {
  return element;
}
template <class Second>
std::string_view NameOf(const std::pair<std::string, Second>& element) {
  return element.first;
}

// There is something, and each name is there once.
bool IsCollection(const auto& elements) {
  absl::flat_hash_set<std::string_view> names;
  for (const auto& element : elements) {
    if (!names.insert(NameOf(element)).second) return false;
  }
  return !elements.empty();
}

struct MayBe {
  bool operator()(const DumpedString&) const { return true; }
  bool operator()(const DumpedList& list) const { return !list.elements.empty(); }
  bool operator()(const DumpedSet& set) const { return IsCollection(set.members); }
  bool operator()(const DumpedHash& hash) const { return IsCollection(hash.fields); }
  bool operator()(const DumpedSortedSet& set) const {
    return IsCollection(set.members) && std::ranges::none_of(set.members, [](const auto& member) {
             return std::isnan(member.second);
           });
  }
  bool operator()(const DumpedStream&) const { return true; }
};

}  // namespace

std::optional<DumpedValue> ReadValue(std::string_view bytes) {
  RdbReader in(bytes);
  DumpedValue value = TakeValue(in);
  if (!in.ok() || !in.at_end() || !std::visit(MayBe(), value)) return std::nullopt;
  return value;
}

}  // namespace server
