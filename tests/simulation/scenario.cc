#include "tests/simulation/scenario.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "geo-config/setting.h"
#include "tests/simulation/scenario_line.h"
#include "tests/simulation/write_step.h"

namespace simulation {
namespace {

using geo_config::RegionEntry;

// Reads a file line by line. Statements about the deployment come before those that name its nodes.
class ScenarioReader {
 public:
  explicit ScenarioReader(std::string name) : name_(std::move(name)) {}

  Scenario Read(std::string_view text);

 private:
  using Line = ScenarioLine;

  void ReadLine(Line& line);
  void ReadRegion(Line& line);
  void ReadSetting(Line& line);
  void ReadClients(Line& line);
  void ReadWorkload(Line& line);
  void ReadAt(Line& line);
  void ReadEvery(Line& line);
  // "partition …" and so on, or "expect …".
  void ReadDeed(Line& line, const std::vector<std::int64_t>& times);
  Fault ReadFault(Line& line);
  Fault ReadCommand(Line& line);
  void ReadExpectation(Line& line, std::int64_t at_ms);
  void ReadOfNodes(Line& line, Expectation& expectation);
  void ReadBounds(Line& line, Expectation& expectation);
  std::int64_t ReadAmount(Line& line, const KindOfFault& kind);
  std::vector<NodeNumber> ReadNodes(Line& line);
  std::optional<std::vector<NodeNumber>> NodesNamed(std::string_view name) const;
  void MakeNodes(Line& line);

  std::string name_;
  Scenario scenario_;
  RunPlan& plan_ = scenario_.plan;
  std::vector<std::string> region_names_;
  std::vector<int> region_nodes_;
  std::vector<crdt::RegionId> unlisted_;
  std::vector<std::pair<const geo_config::Setting*, std::string>> settings_;
  int clients_ = 1;
  ClientPlan client_;
};

Scenario ScenarioReader::Read(std::string_view text) {
  int number = 0;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    Line line(name_, number + 1, text.substr(at, end - at));
    at = end + 1;
    if (!line.at_end()) ReadLine(line);
  }
  Line last(name_, number, "");
  MakeNodes(last);
  if (plan_.active_ms == 0) last.Fail("'run' with a duration", "the end of the file");
  for (const RegionEntry& region : plan_.regions) {
    client_.region = region.id;
    client_.workload.regions = static_cast<int>(plan_.regions.size());
    client_.workload.flushes = false;  // What the scenario itself has written stays.
    plan_.clients.insert(plan_.clients.end(), static_cast<std::size_t>(clients_), client_);
  }
  std::ranges::stable_sort(plan_.schedule, {}, &Fault::at_ms);
  std::ranges::stable_sort(plan_.expectations, {}, &Expectation::at_ms);
  return std::move(scenario_);
}

void ScenarioReader::ReadLine(Line& line) {
  static const std::map<std::string_view, std::function<void(ScenarioReader&, Line&)>> kStatements{
      {"title", [](auto& reader, auto& line) { reader.scenario_.title = line.Rest(); }},
      {"seeds",
       [](auto& reader, auto& line) {
         reader.scenario_.seeds = static_cast<std::uint64_t>(line.Number(1, 1000));
       }},
      {"region", &ScenarioReader::ReadRegion},
      {"set", &ScenarioReader::ReadSetting},
      {"clients", &ScenarioReader::ReadClients},
      {"workload", &ScenarioReader::ReadWorkload},
      {"latency", [](auto& reader, auto& line) { reader.plan_.most_latency_ms = line.Duration(); }},
      {"run", [](auto& reader, auto& line) { reader.plan_.active_ms = line.Duration(); }},
      {"converge", [](auto& reader, auto& line) { reader.plan_.convergence_ms = line.Duration(); }},
      {"at", &ScenarioReader::ReadAt},
      {"every", &ScenarioReader::ReadEvery},
      {"finally",
       [](auto& reader, auto& line) {
         reader.MakeNodes(line);
         line.Expect("expect");
         reader.ReadExpectation(line, Expectation::kInTheEnd);
       }},
  };
  std::string expected;
  for (const auto& [word, read] : kStatements) {
    expected += (expected.empty() ? "one of " : ", ") + std::string(word);
  }
  const std::string word = line.Word(expected);
  const auto found = kStatements.find(word);
  if (found == kStatements.end()) line.Fail(expected, "'" + word + "'");
  found->second(*this, line);
  line.ExpectEnd();
}

// --- The deployment ------------------------------------------------------------------------------

void ScenarioReader::ReadRegion(Line& line) {
  if (!plan_.nodes.empty()) line.Fail("regions before faults and expectations", "'region'");
  region_names_.push_back(line.Word("the region's name"));
  region_nodes_.push_back(static_cast<int>(line.Number(1, 5)));
  if (line.Take("unlisted")) {
    unlisted_.push_back(static_cast<crdt::RegionId>(region_names_.size()));
  }
}

void ScenarioReader::ReadSetting(Line& line) {
  if (!plan_.nodes.empty()) line.Fail("settings before faults and expectations", "'set'");
  const std::string name = line.Word("a setting's name");
  const geo_config::Setting* setting = geo_config::FindSetting(name);
  if (setting == nullptr) line.Fail("a setting of docs/configuration.md", "'" + name + "'");
  const std::string value = line.Word(setting->form);
  geo_config::Config tried;
  if (!setting->set(tried, value)) line.Fail(setting->form, "'" + value + "'");
  settings_.emplace_back(setting, value);
}

void ScenarioReader::ReadClients(Line& line) {
  clients_ = static_cast<int>(line.Number(0, 20));
  if (line.Take("pause")) client_.most_pause_ms = line.Duration();
  if (line.Take("patience")) client_.patience_ms = line.Duration();
}

void ScenarioReader::ReadWorkload(Line& line) {
  Workload::Options& options = client_.workload;
  const std::map<std::string_view, std::uint64_t*> kPercentages{
      {"clashes", &options.clash_percent},
      {"reads", &options.read_percent},
      {"waits", &options.wait_percent},
      {"transactions", &options.transaction_percent}};
  constexpr const char* kExpected = "keys, clashes, reads, waits or transactions";
  do {
    const std::string name = line.Word(kExpected);
    if (name == "keys") {
      options.keys = static_cast<int>(line.Number(1, 1000));
    } else if (const auto found = kPercentages.find(name); found != kPercentages.end()) {
      *found->second = static_cast<std::uint64_t>(line.Number(0, 100));
    } else {
      line.Fail(kExpected, "'" + name + "'");
    }
  } while (!line.at_end());
}

// What comes now names nodes.
void ScenarioReader::MakeNodes(Line& line) {
  if (!plan_.nodes.empty()) return;
  if (region_names_.empty()) line.Fail("'region' with a name and a number of nodes first", "none");
  plan_.regions = MakeRegions(region_names_, region_nodes_);
  for (const RegionEntry& region : plan_.regions) {
    for (const geo_config::NodeEntry& node : region.nodes) {
      geo_config::Config config = MakeConfig(plan_.regions, region.id, node.ordinal);
      config.bootstrap = true;
      for (const auto& [setting, value] : settings_) (void)setting->set(config, value);
      plan_.nodes.push_back({std::move(config), 0});
    }
  }
  for (const crdt::RegionId region : unlisted_) plan_.Unlist(region);
}

std::optional<std::vector<NodeNumber>> ScenarioReader::NodesNamed(std::string_view name) const {
  std::vector<NodeNumber> nodes;
  for (NodeNumber node = 0; node < static_cast<NodeNumber>(plan_.nodes.size()); ++node) {
    const std::string full = plan_.NameOfNode(node);
    if (name == "all" || name == full || name == full.substr(0, full.find('/'))) {
      nodes.push_back(node);
    }
  }
  if (nodes.empty()) return std::nullopt;
  return nodes;
}

std::vector<NodeNumber> ScenarioReader::ReadNodes(Line& line) {
  constexpr const char* kExpected = "a node such as eu/0, a region, or all";
  const std::string name = line.Word(kExpected);
  auto nodes = NodesNamed(name);
  if (!nodes) line.Fail(kExpected, "'" + name + "'");
  return *std::move(nodes);
}

// --- What happens when ---------------------------------------------------------------------------

void ScenarioReader::ReadAt(Line& line) {
  MakeNodes(line);
  ReadDeed(line, {line.Duration()});
}

void ScenarioReader::ReadEvery(Line& line) {
  MakeNodes(line);
  const std::int64_t pause_ms = line.Duration();
  line.Expect("from");
  const std::int64_t from_ms = line.Duration();
  line.Expect("until");
  const std::int64_t until_ms = line.Duration();
  if (pause_ms == 0) line.Fail("a pause", "none");
  std::vector<std::int64_t> times;
  for (std::int64_t at = from_ms; at < until_ms; at += pause_ms) times.push_back(at);
  ReadDeed(line, times);
}

void ScenarioReader::ReadDeed(Line& line, const std::vector<std::int64_t>& times) {
  if (plan_.active_ms == 0) line.Fail("'run' with a duration before this", "none");
  for (const std::int64_t at_ms : times) {
    if (at_ms >= plan_.active_ms) line.Fail("a time before the end of the run", "a later one");
  }
  if (line.Take("expect")) {
    const std::size_t first = plan_.expectations.size();
    ReadExpectation(line, 0);
    const Expectation expectation = plan_.expectations[first];
    plan_.expectations.pop_back();
    for (const std::int64_t at_ms : times) {
      plan_.expectations.push_back(expectation);
      plan_.expectations.back().at_ms = at_ms;
    }
    return;
  }
  Fault fault = line.Take("do") ? ReadCommand(line) : ReadFault(line);
  for (const std::int64_t at_ms : times) {
    fault.at_ms = at_ms;
    plan_.schedule.push_back(fault);
  }
}

Fault ScenarioReader::ReadCommand(Line& line) {
  Fault fault{.kind = FaultKind::kCommand, .nodes = ReadNodes(line)};
  do {
    fault.command.push_back(line.Word("a command"));
  } while (!line.at_end());
  return fault;
}

Fault ScenarioReader::ReadFault(Line& line) {
  using Involves = KindOfFault::Involves;
  std::string expected = "expect";
  for (const KindOfFault& kind : KindsOfFaults()) expected += ", " + std::string(kind.name);
  const std::string word = line.Word(expected);
  const auto kind = std::ranges::find(KindsOfFaults(), word, &KindOfFault::name);
  if (kind == KindsOfFaults().end()) line.Fail("one of " + expected, "'" + word + "'");
  Fault fault{.kind = kind->kind};
  if (kind->involves != Involves::kNothing) fault.nodes = ReadNodes(line);
  if (kind->involves == Involves::kBetween || kind->involves == Involves::kOneWay) {
    line.Expect(kind->involves == Involves::kBetween ? "and" : "to");
    fault.others = ReadNodes(line);
  }
  if (kind->amount != KindOfFault::Amount::kNone) fault.amount = ReadAmount(line, *kind);
  if (kind->lasts && line.Take("for")) fault.for_ms = line.Duration();
  if (kind->goes_away && line.Take("away")) fault.away_ms = line.Duration();
  return fault;
}

std::int64_t ScenarioReader::ReadAmount(Line& line, const KindOfFault& kind) {
  if (!kind.amount_word.empty()) line.Expect(kind.amount_word);
  if (kind.amount == KindOfFault::Amount::kMilliseconds) return line.SignedDuration();
  if (kind.amount == KindOfFault::Amount::kNumber) return line.Number(0, INT64_MAX);
  std::string expected;
  for (const std::string_view name : kWriteStepNames) {
    expected += (expected.empty() ? "one of " : ", ") + std::string(name);
  }
  const std::string word = line.Word(expected);
  const auto found = std::ranges::find(kWriteStepNames, word);
  if (found == kWriteStepNames.end()) line.Fail(expected, "'" + word + "'");
  return found - kWriteStepNames.begin();
}

// --- Expectations --------------------------------------------------------------------------------

void ScenarioReader::ReadExpectation(Line& line, std::int64_t at_ms) {
  Expectation expectation{.source = line.Place(), .at_ms = at_ms};
  if (line.Take("connections")) {
    expectation.what = Expectation::What::kConnected;
    ReadBounds(line, expectation);
  } else if (line.Take("clients")) {
    line.Expect("of");
    expectation.what = Expectation::What::kAnswered;
    expectation.nodes = ReadNodes(line);
    line.Expect("answered");
    ReadBounds(line, expectation);
  } else {
    expectation.nodes = ReadNodes(line);
    ReadOfNodes(line, expectation);
  }
  plan_.expectations.push_back(std::move(expectation));
}

void ScenarioReader::ReadOfNodes(Line& line, Expectation& expectation) {
  using What = Expectation::What;
  static const std::map<std::string_view, What> kWords{{"leads", What::kLeads},
                                                       {"follows", What::kFollows},
                                                       {"runs", What::kRuns},
                                                       {"down", What::kIsDown},
                                                       {"refuses", What::kRefuses},
                                                       {"shows", What::kShows},
                                                       {"takes-writes", What::kTakesWrites},
                                                       {"said", What::kSaid}};
  constexpr const char* kExpected =
      "leads, follows, runs, down, takes-writes, refuses, shows or said";
  const std::string word = line.Word(kExpected);
  const auto found = kWords.find(word);
  if (found == kWords.end()) line.Fail(kExpected, "'" + word + "'");
  expectation.what = found->second;
  if (expectation.what == What::kRefuses) expectation.text = line.Word("the error");
  if (expectation.what == What::kSaid) {
    expectation.text = line.Word("a part of a line of the log");
    ReadBounds(line, expectation);
  }
  if (expectation.what != What::kShows) return;
  while (!line.Take("=")) expectation.command.push_back(line.Word("'=' and the reply"));
  expectation.text = line.Word("the reply");
}

void ScenarioReader::ReadBounds(Line& line, Expectation& expectation) {
  constexpr const char* kExpected = "at-least or at-most, with a number";
  const std::string word = line.Word(kExpected);
  if (word == "at-least") {
    expectation.at_least = line.Number(0, INT64_MAX);
  } else if (word == "at-most") {
    expectation.at_most = line.Number(0, INT64_MAX);
  } else {
    line.Fail(kExpected, "'" + word + "'");
  }
  if (line.Take("since")) expectation.since_ms = line.Duration();
}

}  // namespace

crdt::Result<Scenario> ReadScenario(const std::string& name, std::string_view text) {
  try {
    return ScenarioReader(name).Read(text);
  } catch (const ScenarioMistake& mistake) {
    return crdt::Fail(crdt::ErrorCode::kInvalid, mistake.what());
  }
}

}  // namespace simulation
