#include "crdt/explain_stream.h"

#include <algorithm>
#include <string>

namespace crdt {
namespace {

std::string Counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
}

constexpr std::string_view kUnite =
    "Entries of all regions unite in the order of their IDs; deletes and trims take only what they "
    "have seen.";
constexpr std::string_view kTwice =
    "Regions wrote one ID without having seen each other: both entries stay, ordered by region.";
constexpr std::string_view kGroups =
    "A destroy or a delete of a group wins over a create that had not seen it. Consumers and what "
    "is "
    "pending belong to a region.";

bool ExplainGroup(const StreamValue& stream, std::string_view name, Explanation& explanation) {
  const StreamGroup* const group = stream.Group(name);
  if (group == nullptr) return false;
  StreamId first = StreamId::Greatest();
  for (const StreamGroup::Generation& generation : group->generations()) {
    first = std::min(first, generation.start.greatest());
    explanation.siblings.push_back(
        {generation.stamp, generation.start.greatest().ToString(), false});
  }
  for (ExplainedSibling& start : explanation.siblings)
    start.shown = start.value == first.ToString();
  explanation.shown = "group from " + first.ToString();
  explanation.rules.emplace_back(kGroups);
  if (explanation.siblings.size() > 1) {
    explanation.rules.emplace_back("Of concurrent starts the least counts.");
  }
  return true;
}

}  // namespace

void ExplainStream(const StreamValue& stream, Explanation& explanation) {
  explanation.shown = Counted(stream.entries().size(), "entry", "entries") + ", " +
                      Counted(stream.group_count(), "group", "groups");
  // The newest entries; those of one ID as one element.
  std::vector<ExplainedElement>& kept = explanation.elements;
  bool twice = false;
  stream.entries().Descend({}, EntryKey::Behind(StreamId::Greatest()), [&](const EntryView& entry) {
    const std::string id = entry.id.ToString();
    if (!kept.empty() && kept.back().name == id) {
      kept.back().newest = std::max(kept.back().newest, entry.stamp);
      ++kept.back().writers;
      twice = true;
      return true;
    }
    if (kept.size() == kMostExplainedElements) return false;
    kept.push_back({.name = id, .shown = FieldsText(entry), .newest = entry.stamp});
    return true;
  });
  explanation.rules.emplace_back(kUnite);
  if (twice) explanation.rules.emplace_back(kTwice);
  if (stream.group_count() > 0) explanation.rules.emplace_back(kGroups);
}

bool ExplainEntry(const StreamValue& stream, std::string_view name, Explanation& explanation) {
  const auto id = StreamId::Parse(name);
  if (!id || stream.entries().Count(*id) == 0) return ExplainGroup(stream, name, explanation);
  stream.entries().Ascend(EntryKey::Before(*id), EntryKey::Behind(*id),
                          [&explanation](const EntryView& entry) {
                            explanation.siblings.push_back({entry.stamp, FieldsText(entry), true});
                            return true;
                          });
  explanation.shown = explanation.siblings.front().value;
  explanation.rules.emplace_back(kUnite);
  if (explanation.siblings.size() > 1) explanation.rules.emplace_back(kTwice);
  return true;
}

}  // namespace crdt
