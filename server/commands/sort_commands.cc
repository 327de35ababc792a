// SORT and SORT_RO: the elements of a list, a set or a sorted set in an order of their own, or of
// what other keys say of them.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/prepare.h"
#include "crdt/prepare_list.h"
#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/typed_key.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ValueType;

struct SortWords {
  std::string_view by;
  std::vector<std::string_view> get;
  std::optional<std::string_view> store;
  std::int64_t first = 0;
  std::int64_t count = -1;  // Negative: all.
  bool descends = false;
  bool is_text = false;  // Compared byte by byte, not as numbers.
  bool keeps_order = false;
};

// How many words option number `at` takes with its own; 0: it makes no sense here.
std::size_t ParseOption(Arguments words, std::size_t at, bool may_store, SortWords& sort) {
  const std::string_view word = words[at];
  const std::size_t behind = words.size() - at - 1;
  if (EqualsIgnoreCase(word, "asc") || EqualsIgnoreCase(word, "desc")) {
    sort.descends = EqualsIgnoreCase(word, "desc");
    return 1;
  }
  if (EqualsIgnoreCase(word, "alpha")) {
    sort.is_text = true;
    return 1;
  }
  if (EqualsIgnoreCase(word, "limit") && behind >= 2) return 3;
  if (behind == 0) return 0;
  if (EqualsIgnoreCase(word, "by")) {
    sort.by = words[at + 1];
    // A pattern that is the same for all elements sorts nothing, and another one after it neither.
    sort.keeps_order |= sort.by.find('*') == std::string_view::npos;
  } else if (EqualsIgnoreCase(word, "get")) {
    sort.get.push_back(words[at + 1]);
  } else if (EqualsIgnoreCase(word, "store") && may_store) {
    sort.store = words[at + 1];
  } else {
    return 0;
  }
  return 2;
}

// Empty, and the error answered, where it makes no sense.
std::optional<SortWords> ParseSort(ReplyWriter& reply, Arguments words, bool may_store) {
  SortWords sort;
  for (std::size_t at = 2; at < words.size();) {
    const std::size_t taken = ParseOption(words, at, may_store, sort);
    if (taken == 0) {
      reply.Error(kErrorSyntax);
      return std::nullopt;
    }
    if (taken == 3) {
      const auto first = crdt::ParseInteger(words[at + 1]);
      const auto count = crdt::ParseInteger(words[at + 2]);
      if (!first || !count) {
        reply.Error(kErrorNotAnInteger);
        return std::nullopt;
      }
      sort.first = *first;
      sort.count = *count;
    }
    at += taken;
  }
  return sort;
}

// In the order that the value has, if it has one.
std::vector<std::string> ElementsOf(const KeyView& view, bool descends) {
  std::vector<std::string> elements;
  if (!view.exists()) return elements;
  std::string scratch;
  if (view.type() == ValueType::kList) {
    view.list().ForEach(0, view.list().size(), [&](const crdt::ListElementView& element) {
      elements.emplace_back(element.Text(scratch));
      return true;
    });
    if (descends) std::ranges::reverse(elements);
  } else if (view.type() == ValueType::kSet) {
    view.elements().ForEach([&](std::string_view name, auto) { elements.emplace_back(name); });
  } else {
    const crdt::SortedSet& set = view.sorted_set();
    set.Ascend(0, [&elements](const crdt::RankedMember& member) {
      elements.emplace_back(member.name);
      return true;
    });
    if (descends) std::ranges::reverse(elements);
  }
  return elements;
}

// What a pattern names for an element: itself (#), the string at a key, or a field (key->field).
// Empty where there is no such thing.
std::optional<std::string> LookUp(Database& database, std::string_view pattern,
                                  std::string_view element) {
  if (pattern == "#") return std::string(element);
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::nullopt;
  const std::size_t arrow = pattern.find("->", star + 1);
  const bool names_field = arrow != std::string_view::npos && arrow + 2 < pattern.size();
  const std::string_view behind =
      pattern.substr(star + 1, names_field ? arrow - star - 1 : std::string_view::npos);
  std::string key(pattern.substr(0, star));
  key.append(element).append(behind);
  const KeyView view = database.Read(key);
  std::string scratch;
  if (names_field) {
    if (view.type() != ValueType::kHash) return std::nullopt;
    const auto text = view.elements().Text(pattern.substr(arrow + 2), scratch);
    return text ? std::optional(std::string(*text)) : std::nullopt;
  }
  if (!view.has_text()) return std::nullopt;
  return std::string(view.Text(scratch));
}

struct Weighed {
  std::string element;
  std::optional<std::string>
      text;  // What it is sorted by; empty: itself, or nothing is said of it.
  double number = 0;
};

// A number as strtod reads it, which takes an empty text for 0; empty where it is none.
std::optional<double> NumberOf(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const double number = std::strtod(text.c_str(), &end);
  if (*end != '\0' || errno == ERANGE || std::isnan(number)) return std::nullopt;
  return number;
}

// Empty where something is no number.
std::optional<std::vector<Weighed>> Weigh(Database& database, const SortWords& words,
                                          std::vector<std::string> elements) {
  std::vector<Weighed> weighed;
  weighed.reserve(elements.size());
  for (std::string& element : elements) {
    Weighed one;
    if (!words.by.empty()) one.text = LookUp(database, words.by, element);
    one.element = std::move(element);
    const bool has_number = words.by.empty() || one.text.has_value();
    if (!words.is_text && has_number) {
      const auto number = NumberOf(one.text ? *one.text : one.element);
      if (!number) return std::nullopt;
      one.number = *number;
    }
    weighed.push_back(std::move(one));
  }
  return weighed;
}

// Numbers that are equal stand in the order of their elements; what nothing is said of comes first.
bool StandsBefore(const SortWords& words, const Weighed& left, const Weighed& right) {
  if (!words.is_text) {
    return left.number != right.number ? left.number < right.number : left.element < right.element;
  }
  return words.by.empty() ? left.element < right.element : left.text < right.text;
}

std::vector<std::string> Sorted(const SortWords& words, std::vector<Weighed> weighed) {
  std::ranges::stable_sort(weighed, [&words](const Weighed& left, const Weighed& right) {
    return words.descends ? StandsBefore(words, right, left) : StandsBefore(words, left, right);
  });
  std::vector<std::string> elements;
  elements.reserve(weighed.size());
  for (Weighed& one : weighed) elements.push_back(std::move(one.element));
  return elements;
}

std::span<const std::string> Limited(const SortWords& words,
                                     const std::vector<std::string>& elements) {
  const auto size = static_cast<std::int64_t>(elements.size());
  const std::int64_t first = std::clamp<std::int64_t>(words.first, 0, size);
  const std::int64_t count = words.count < 0 ? size : std::min(words.count, size);
  const std::span<const std::string> all(elements);
  return all.subspan(static_cast<std::size_t>(first),
                     static_cast<std::size_t>(std::min(count, size - first)));
}

void Store(CommandContext& context, std::string_view key,
           const std::vector<std::optional<std::string>>& results) {
  Database& database = context.database;
  database.ReadToWrite(key);
  crdt::PrepareDelete(database.Read(key), key, crdt::DeleteReason::kCommand, database.effects());
  if (!results.empty()) {
    std::vector<std::string_view> texts;
    for (const auto& result : results) texts.emplace_back(result ? *result : std::string_view());
    crdt::PrepareListPush(KeyView(), key, crdt::ListSide::kRight, texts, database.effects());
  }
  database.Commit();
  context.reply.Integer(static_cast<std::int64_t>(results.size()));
}

template <bool kMayStore>
void Sort(CommandContext& context, Arguments arguments) {
  auto words = ParseSort(context.reply, arguments, kMayStore);
  if (!words) return;
  Database& database = context.database;
  const KeyView view = database.Read(arguments[1]);
  if (view.exists() && view.type() != ValueType::kList && view.type() != ValueType::kSet &&
      view.type() != ValueType::kSortedSet) {
    return context.reply.Error(kErrorWrongType);
  }
  if (words->keeps_order && words->store && view.type() == ValueType::kSet) {
    // What is stored has an order, and a set has none.
    words->keeps_order = false;
    words->is_text = true;
    words->by = {};
  }
  std::vector<std::string> elements = ElementsOf(view, words->keeps_order && words->descends);
  if (!words->keeps_order) {
    auto weighed = Weigh(database, *words, std::move(elements));
    if (!weighed) {
      return context.reply.Error("ERR One or more scores can't be converted into double");
    }
    elements = Sorted(*words, *std::move(weighed));
  }
  if (words->get.empty()) words->get.emplace_back("#");
  std::vector<std::optional<std::string>> results;
  for (const std::string& element : Limited(*words, elements)) {
    for (const std::string_view pattern : words->get) {
      results.push_back(LookUp(database, pattern, element));
    }
  }
  if (words->store) return Store(context, *words->store, results);
  context.reply.Array(results.size());
  for (const auto& result : results) {
    result ? context.reply.Bulk(*result) : context.reply.Null();
  }
}

using enum Access;
namespace flag = command_flag;

constexpr std::string_view kCategories = "set,sortedset,list";
constexpr KeywordKey kStore[] = {{.keyword = "STORE", .from = 2}};

constexpr CommandSpec kCommands[] = {
    {.name = "sort",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kOverwrite,
     .first_key_use = KeyUse::kRead,
     .access = kWrite,
     .flags = flag::kDenyOom | flag::kMovableKeys | flag::kDangerous | flag::kKeysInContent,
     .group = "generic",
     .category = kCategories,
     .summary = "Sorts the elements of a list, a set or a sorted set, by themselves or by other "
                "keys; may store the result.",
     .when_concurrent = "The stored result travels as a new list and replaces what was seen at the "
                        "destination.",
     .since = "1.0.0",
     .run = Sort<true>,
     .keyword_keys = kStore},
    {.name = "sort_ro",
     .words = AtLeast(2),
     .keys = kOneKey,
     .access = kRead,
     .flags = flag::kMovableKeys | flag::kDangerous | flag::kKeysInContent,
     .group = "generic",
     .category = kCategories,
     .summary = "Sorts the elements of a list, a set or a sorted set.",
     .since = "7.0.0",
     .run = Sort<false>},
};

}  // namespace

std::span<const CommandSpec> SortCommands() {
  return kCommands;
}

}  // namespace server
