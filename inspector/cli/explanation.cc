// CRDT.EXPLAIN as text: what is shown, the writes that are still there, and the rule that decided.
#include <algorithm>
#include <array>
#include <string_view>

#include "inspector/cli/fields.h"
#include "inspector/cli/presentation.h"
#include "inspector/cli/rendering.h"

namespace inspector {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// Longer values are cut: they are there to be recognised.
constexpr std::size_t kMostShown = 60;
constexpr std::array<std::string_view, 11> kKnown{
    "key",      "element",       "type",      "shown",    "expired",    "rules",
    "siblings", "contributions", "deadlines", "elements", "containers",
};

const Json& List(const Json& explanation, std::string_view name) {
  static const Json none = Json::array();
  const auto found = explanation.find(name);
  return found != explanation.end() && found->is_array() ? *found : none;
}

std::string Section(std::string_view title, const Rows& rows) {
  return rows.size() < 2 ? "" : "\n" + std::string(title) + "\n" + Indented(Table(rows), 2);
}

// The shown write stands first, the others newest first.
std::vector<const Json*> ShownFirst(const Json& writes) {
  std::vector<const Json*> order;
  for (const Json& write : writes) order.push_back(&write);
  std::ranges::stable_sort(order, std::greater(), [](const Json* write) {
    return std::pair(Flag(*write, "shown"), Number(*write, "time_ms"));
  });
  return order;
}

void Append(std::vector<std::string>& row, const std::vector<std::string>& more) {
  row.insert(row.end(), more.begin(), more.end());
}

const std::vector<std::string> kWriterHeading{"by", "at", "epoch slot", "stamp"};

std::vector<std::string> WriterColumns(const Json& write, const RegionNames& names) {
  return {names.Of(write.value("region", Json())),
          Readable("time_ms", write.value("time_ms", Json())), Plain(write, "epoch_slot"),
          Plain(write, "stamp")};
}

std::string Headline(const Json& explanation) {
  const std::string type = Plain(explanation, "type");
  const std::string key = Quoted(Plain(explanation, "key"));
  const std::string shown = Plain(explanation, "shown");
  std::string text;
  if (explanation.contains("element")) {
    text = Quoted(Plain(explanation, "element")) + " of the " + type + " " + key;
    text += type == "set" ? " is a member" : " shows " + Shortened(shown, kMostShown);
  } else if (type == "string") {
    text = "The string " + key + " shows " + Shortened(shown, kMostShown);
  } else if (type == "none") {
    text = key + " shows nothing; what is left is hidden";
  } else {
    text = "The " + type + " " + key + " has " + shown;
  }
  if (Flag(explanation, "expired")) text += "; its time is over, other commands do not see it";
  return text + "\n";
}

std::string Values(const Json& explanation, const RegionNames& names) {
  const bool is_member = explanation.contains("element") && Plain(explanation, "type") == "set";
  Rows rows{{""}};
  if (!is_member) rows[0].emplace_back("value");
  Append(rows[0], kWriterHeading);
  for (const Json* write : ShownFirst(List(explanation, "siblings"))) {
    std::vector<std::string> row{is_member ? "" : Flag(*write, "shown") ? "shown" : "hidden"};
    if (!is_member) row.push_back(Shortened(Plain(*write, "value"), kMostShown));
    Append(row, WriterColumns(*write, names));
    rows.push_back(std::move(row));
  }
  return Section(is_member ? "Added" : "Assigned values", rows);
}

std::string Increments(const Json& explanation, const RegionNames& names) {
  Rows rows{
      {"adds", "of a total of", "seen by a delete or set", "by", "last at", "epoch slot", "stamp"}};
  for (const Json& part : List(explanation, "contributions")) {
    // Only waits until all regions know that it is reset.
    if (Flag(part, "spent")) continue;
    const std::string net = Plain(part, "net");
    std::vector<std::string> row{(net.starts_with('-') ? "" : "+") + net, Plain(part, "total"),
                                 Plain(part, "baseline")};
    Append(row, WriterColumns(part, names));
    rows.push_back(std::move(row));
  }
  return Section("Increments", rows);
}

std::string Elements(const Json& explanation, const RegionNames& names) {
  const bool is_set = Plain(explanation, "type") == "set";
  Rows rows{{"element"}};
  if (!is_set) rows[0].emplace_back("shows");
  Append(rows[0], kWriterHeading);
  for (const Json& element : List(explanation, "elements")) {
    std::vector<std::string> row{Shortened(Plain(element, "element"), kMostShown)};
    if (!is_set) row.push_back(Shortened(Plain(element, "shown"), kMostShown));
    Append(row, WriterColumns(element, names));
    const std::int64_t writers = Number(element, "writers");
    if (writers > 1) row.push_back(std::to_string(writers) + " writers");
    const std::int64_t hidden = Number(element, "hidden");
    if (hidden > 0) row.back() += ", " + std::to_string(hidden) + " hidden";
    rows.push_back(std::move(row));
  }
  return Section("Elements, and who wrote them last", rows);
}

std::string Lifetimes(const Json& explanation, const RegionNames& names) {
  Rows rows{{"", "until"}};
  Append(rows[0], kWriterHeading);
  bool is_finite = false;
  for (const Json* deadline : ShownFirst(List(explanation, "deadlines"))) {
    const Json& until = (*deadline)["deadline_ms"];
    is_finite |= until.is_number();
    std::vector<std::string> row{Flag(*deadline, "shown") ? "wins" : "hidden",
                                 until.is_number() ? Readable("deadline_ms", until) : "for ever"};
    Append(row, WriterColumns(*deadline, names));
    rows.push_back(std::move(row));
  }
  return is_finite ? Section("Time to live", rows) : "";
}

std::string Types(const Json& explanation, const RegionNames& names) {
  const Json& containers = List(explanation, "containers");
  if (containers.size() < 2) return "";
  Rows rows{{"", "type"}};
  Append(rows[0], kWriterHeading);
  for (const Json* container : ShownFirst(containers)) {
    std::vector<std::string> row{Flag(*container, "shown") ? "shown" : "hidden",
                                 Plain(*container, "type")};
    Append(row, WriterColumns(*container, names));
    rows.push_back(std::move(row));
  }
  return Section("Types, and their newest write", rows);
}

std::string Rules(const Json& explanation) {
  std::string text;
  for (const Json& rule : List(explanation, "rules")) text += Indented(Plain(rule) + "\n", 2);
  return text.empty() ? "" : "\nWhy\n" + text;
}

// What a newer server tells besides.
std::string Rest(const Json& explanation) {
  std::string text;
  for (const auto& [name, value] : explanation.items()) {
    if (std::ranges::find(kKnown, name) != kKnown.end()) continue;
    text += "\n" + name + "\n" + Indented(Readable(name, value) + "\n", 2);
  }
  return text;
}

}  // namespace

std::string RenderExplanation(const Json& explanation, const RegionNames& names) {
  return Headline(explanation) + Values(explanation, names) + Increments(explanation, names) +
         Elements(explanation, names) + Lifetimes(explanation, names) + Types(explanation, names) +
         Rules(explanation) + Rest(explanation);
}

}  // namespace inspector
