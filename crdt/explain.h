// Why a key, or one element of it, shows what it shows: every write that is still there, and the
// rule that decided.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/object.h"

namespace crdt {

struct ExplainedSibling {
  Stamp stamp;
  std::string value;
  bool shown = false;
};

// What one writer has added to a value.
struct ExplainedContribution {
  Stamp start;
  Stamp last;
  std::string total;     // Since the start of the lineage.
  std::string baseline;  // Of it, what a delete or an assignment had seen.
  std::string net;       // What is shown of it.
  bool spent = false;
};

struct ExplainedDeadline {
  Stamp stamp;
  DeadlineMs deadline = kInfinite;
  bool shown = false;
};

// One element of a collection, in short.
struct ExplainedElement {
  std::string name;
  std::string shown;
  Stamp newest;
  std::size_t hidden = 0;   // Values that other writers assigned and that are not shown.
  std::size_t writers = 1;  // Who assigned or added to what is there.
};

struct ExplainedContainer {
  ValueType type = ValueType::kNone;
  Stamp newest;
  bool shown = false;
};

inline constexpr std::size_t kMostExplainedElements = 100;

struct Explanation {
  ValueType type = ValueType::kNone;
  std::string shown;  // The text; for a collection without `element`, its size in words.
  // Of a collection: first those that several writers wrote, ordered by name. Not more than
  // kMostExplainedElements.
  std::vector<ExplainedElement> elements;
  std::vector<std::string> rules;  // Sentences.
  std::vector<ExplainedSibling> siblings;
  std::vector<ExplainedContribution> contributions;
  std::vector<ExplainedDeadline> deadlines;
  std::vector<ExplainedContainer> containers;  // More than one: a type clash.
};

// Empty where nothing, not even a hidden remainder, is stored under the key (or the element).
std::optional<Explanation> Explain(const KeyView& view, std::optional<std::string_view> element);

}  // namespace crdt
