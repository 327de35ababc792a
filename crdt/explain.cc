#include "crdt/explain.h"

#include <algorithm>
#include <set>
#include <utility>

#include "crdt/explain_stream.h"

namespace crdt {
namespace {

constexpr std::string_view kListRule =
    "Elements stand where they were put; a pop or a removal takes them whatever LSET wrote.";
constexpr std::string_view kAddsWin = "Adds win over removes that had not seen them.";
constexpr std::string_view kIncrementsAddUp =
    "Increments of all writers add up, on top of the shown assignment where there is one.";

std::string TextOf(const Total& total) {
  if (total.floating == 0 && total.integer <= INT64_MAX && total.integer >= INT64_MIN) {
    return std::to_string(static_cast<std::int64_t>(total.integer));
  }
  return FormatFloat(static_cast<Float128>(total.integer) + total.floating);
}

// `type`: of the key that shows the value, or whose element it is; kNone where the key shows
// another one.
void ExplainValue(const StringValue& value, ValueType type, Explanation& explanation) {
  const bool shown = type != ValueType::kNone;
  if (shown && value.visible()) explanation.shown = ShownText(value, type);
  for (const Sibling& sibling : value.siblings()) {
    explanation.siblings.push_back(
        {sibling.stamp, sibling.value, shown && &sibling == &value.siblings().back()});
  }
  for (const CounterPart& part : value.counters().parts()) {
    Total net = part.total;
    net.integer -= part.base.integer;
    net.floating -= part.base.floating;
    explanation.contributions.push_back({.start = part.start,
                                         .last = part.last,
                                         .total = TextOf(part.total),
                                         .baseline = TextOf(part.base),
                                         .net = part.spent() ? "0" : TextOf(net),
                                         .spent = part.spent()});
  }
  if (!shown) return;
  if (value.siblings().size() > 1) {
    explanation.rules.emplace_back(
        "Concurrent assignments: the greatest stamp is shown; the others stay hidden until a write "
        "that has seen them covers them.");
  }
  switch (value.HowShown()) {
    case Shown::kNothing:
      explanation.rules.emplace_back("Nothing is shown: everything was deleted or reset.");
      break;
    case Shown::kAssigned:
      if (value.siblings().size() == 1) {
        explanation.rules.emplace_back("One assignment that nothing has replaced.");
      }
      break;
    case Shown::kSum:
      explanation.rules.emplace_back(kIncrementsAddUp);
      break;
    case Shown::kMasked:
      explanation.rules.emplace_back(
          "The assigned value is not a number: it is shown as it is, increments wait behind it.");
      break;
    case Shown::kSaturated:
      if (type == ValueType::kSortedSet) {
        explanation.rules.emplace_back(kIncrementsAddUp);  // A score is a double: no bound.
        break;
      }
      explanation.rules.emplace_back("The merged sum is beyond 64 bits and is shown at the bound.");
      break;
    case Shown::kNotANumber:
      explanation.rules.emplace_back("The merged sum is not a number and is shown as 0.");
      break;
  }
}

// The elements of the key's container of this type; null where it has none.
const ElementTable* ElementsOf(const Object& object, ValueType type) {
  if (type == ValueType::kSortedSet) {
    return object.sorted_set() == nullptr ? nullptr : &object.sorted_set()->members();
  }
  return type == ValueType::kSet ? object.set() : object.hash();
}

ExplainedElement Summary(const Element& element, ValueType type) {
  std::string scratch;
  if (element.is_packed()) {
    return {.name = std::string(element.name()),
            .shown = std::string(element.Text(scratch)),
            .newest = element.newest()};
  }
  const StringValue& value = element.full();
  std::set<Writer> writers;
  for (const Sibling& sibling : value.siblings()) writers.insert(sibling.stamp.writer());
  for (const CounterPart& part : value.counters().parts()) {
    if (!part.spent()) writers.insert(part.writer());
  }
  return {.name = std::string(element.name()),
          .shown = ShownText(value, type),
          .newest = value.newest(),
          .hidden = value.siblings().empty() ? 0 : value.siblings().size() - 1,
          .writers = writers.size()};
}

void ExplainElements(const ElementTable& table, Explanation& explanation) {
  const ValueType type = explanation.type;
  std::vector<ExplainedElement>& kept = explanation.elements;
  std::size_t shared = 0;  // Those that several writers wrote stand first.
  table.ForEachStored([&](const Element& stored) {
    if (!stored.shows()) return;
    if (stored.is_packed() && kept.size() == kMostExplainedElements) return;
    if (shared == kMostExplainedElements) return;
    ExplainedElement element = Summary(stored, type);
    if (element.writers > 1) {
      if (kept.size() == kMostExplainedElements) kept.pop_back();
      kept.insert(kept.begin() + static_cast<std::ptrdiff_t>(shared++), std::move(element));
    } else if (kept.size() < kMostExplainedElements) {
      kept.push_back(std::move(element));
    }
  });
  std::ranges::sort(kept, {}, [](const ExplainedElement& element) {
    return std::pair(element.writers == 1, std::string_view(element.name));
  });
}

// Of a list element: the values that LSETs gave it.
void ExplainListElement(const ListElementView& element, Explanation& explanation) {
  std::string scratch;
  explanation.shown = element.Text(scratch);
  for (Sibling& sibling : element.Siblings()) {
    explanation.siblings.push_back({sibling.stamp, std::move(sibling.value), false});
  }
  explanation.siblings.back().shown = true;
  explanation.rules.emplace_back(kListRule);
  if (explanation.siblings.size() > 1) {
    explanation.rules.emplace_back("Concurrent LSETs: the greatest stamp is shown.");
  }
}

// In the list's order, each named by its index.
void ExplainList(const ListValue& list, Explanation& explanation) {
  explanation.shown = std::to_string(list.size()) + (list.size() == 1 ? " element" : " elements");
  std::string scratch;
  list.ForEach(0, kMostExplainedElements, [&](const ListElementView& element) {
    std::set<Writer> writers = {element.place().inserted().writer()};
    const std::vector<Sibling> siblings = element.Siblings();
    for (const Sibling& sibling : siblings) writers.insert(sibling.stamp.writer());
    explanation.elements.push_back({.name = std::to_string(explanation.elements.size()),
                                    .shown = std::string(element.Text(scratch)),
                                    .newest = element.newest(),
                                    .hidden = siblings.size() - 1,
                                    .writers = writers.size()});
    return true;
  });
  explanation.rules.emplace_back(kListRule);
}

// Empty where `element` is no index of the list.
std::optional<Explanation> ExplainListElementAt(const ListValue& list, std::string_view element) {
  std::optional<std::int64_t> index = ParseInteger(element);
  const auto size = static_cast<std::int64_t>(list.size());
  if (index && *index < 0) *index += size;
  if (!index || *index < 0 || *index >= size) return std::nullopt;
  Explanation explanation{.type = ValueType::kList};
  ExplainListElement(list.At(static_cast<std::uint64_t>(*index)), explanation);
  return explanation;
}

std::string_view RuleOf(ValueType type) {
  if (type == ValueType::kSet) return kAddsWin;
  return type == ValueType::kHash ? "Fields unite; each field is decided on its own."
                                  : "Members unite; each member's score is decided on its own.";
}

void ExplainHyperLogLog(const HyperLogLog& value, Explanation& explanation) {
  explanation.shown = "about " + std::to_string(value.Count()) + " different elements";
  for (const Stamp stamp : value.writers().entries()) {
    explanation.siblings.push_back({.stamp = stamp, .value = {}, .shown = true});
  }
  explanation.rules.emplace_back(
      "Registers merge by their maximum; listed is the latest write of each writer. A delete wins "
      "over the writes that had not seen it.");
}

// Of a key that shows a collection.
void ExplainCollection(const Object& object, Explanation& explanation) {
  const ValueType type = explanation.type;
  if (type == ValueType::kNone || type == ValueType::kString) return;
  if (type == ValueType::kList) return ExplainList(*object.list(), explanation);
  if (type == ValueType::kHyperLogLog)
    return ExplainHyperLogLog(*object.hyperloglog(), explanation);
  if (type == ValueType::kStream) return ExplainStream(*object.stream(), explanation);
  const ElementTable& elements = *ElementsOf(object, type);
  const std::uint64_t size = elements.size();
  explanation.shown = std::to_string(size) + (size == 1 ? " element" : " elements");
  ExplainElements(elements, explanation);
  if (type == ValueType::kSet) {
    for (ExplainedElement& element : explanation.elements) element.hidden = 0;
  }
  explanation.rules.emplace_back(RuleOf(type));
}

}  // namespace

std::optional<Explanation> Explain(const KeyView& view, std::optional<std::string_view> element) {
  if (view.cell() == nullptr) return std::nullopt;
  Explanation explanation{.type = view.type()};
  const KeyCell& cell = *view.cell();
  if (cell.is_packed()) {
    if (element) return std::nullopt;
    const PackedValue packed = cell.packed();
    ExplainValue(StringValue::FromPacked(packed), ValueType::kString, explanation);
    explanation.containers.push_back({ValueType::kString, packed.newest(), true});
    explanation.deadlines.push_back({packed.stamp, kInfinite, true});
    return explanation;
  }
  const Object& object = cell.full();
  if (element && view.type() == ValueType::kList) {
    return ExplainListElementAt(view.list(), *element);
  }
  if (element && view.type() == ValueType::kStream) {
    return ExplainEntry(view.stream(), *element, explanation) ? std::optional(explanation)
                                                              : std::nullopt;
  }
  if (element) {
    const ElementTable* table = ElementsOf(object, view.type());
    const Element found = table == nullptr ? Element() : table->FindStored(*element);
    if (!found) return std::nullopt;
    ExplainValue(found.Value(), view.type(), explanation);
    if (view.type() == ValueType::kSet) {
      // Every add counts, and the member has no value that one of them could hide.
      for (ExplainedSibling& add : explanation.siblings) add.shown = true;
      explanation.rules = {std::string(kAddsWin)};
    }
    return explanation;
  }
  if (object.string() != nullptr) {
    const bool shown = view.type() == ValueType::kString;
    ExplainValue(*object.string(), shown ? ValueType::kString : ValueType::kNone, explanation);
  }
  object.ForEachContainer([&](ValueType type, const auto& container) {
    const Stamp newest = container.newest();
    if (!newest.is_zero()) explanation.containers.push_back({type, newest, type == view.type()});
  });
  ExplainCollection(object, explanation);
  if (object.clashes()) {
    explanation.rules.emplace_back(
        "Regions wrote different types: the container with the greatest stamp inside is shown, "
        "until a write that has seen both ends the other.");
  }
  const auto winner = object.ttl().winner();
  for (const TtlRegister::Sibling& sibling : object.ttl().siblings()) {
    explanation.deadlines.push_back(
        {sibling.stamp, sibling.deadline, sibling.stamp == winner->stamp});
  }
  const bool differ =
      std::ranges::any_of(object.ttl().siblings(), [&winner](const TtlRegister::Sibling& sibling) {
        return sibling.deadline != winner->deadline;
      });
  if (differ) {
    explanation.rules.emplace_back("Concurrent expiries: the longest life wins.");
  }
  return explanation;
}

}  // namespace crdt
