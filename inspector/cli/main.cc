// `meridian`: looks at regions, keys, conflicts and logs, and promotes replicas; for people.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "inspector/cli/connection.h"
#include "inspector/cli/failover.h"
#include "inspector/cli/outcome.h"
#include "inspector/cli/presentation.h"
#include "inspector/cli/rendering.h"
#include "inspector/cli/server_binary.h"
#include "inspector/cli/snapshot.h"

namespace inspector {
namespace {

enum class Output { kText, kJson };

struct ConflictQuery {
  std::optional<std::uint64_t> id;
  std::string key;
  std::string type;
  std::string rule;
  std::string region;
  std::string since;
  std::string count;
  bool only_count = false;
};

void Print(const Json& value) {
  // Bytes that are no UTF-8 become U+FFFD: JSON cannot carry them.
  std::cout << value.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

RegionNames NamesOf(Connection& connection) {
  return RegionNames(connection.Ask({"REGION", "LIST"}));
}

ExitCode Regions(Connection& connection, const std::string& id, Output output) {
  if (!id.empty()) {
    const Json link = connection.Ask({"REGION", "STATUS", id});
    output == Output::kJson ? Print(link)
                            : void(std::cout << RenderLink(link, NamesOf(connection)));
    return ExitCode::kDone;
  }
  const Json links = connection.Ask({"REGION", "STATUS"});
  if (output == Output::kJson) {
    Print(links);
  } else {
    std::cout << RenderRegions(connection.Ask({"REGION", "LIST"}), links);
  }
  return ExitCode::kDone;
}

// Again and again until somebody ends the process, or the server is gone.
[[noreturn]] void WatchRegions(Connection& connection, const std::string& id, Output output,
                               double seconds) {
  for (;;) {
    // Clears a terminal; elsewhere what was shown stays.
    if (isatty(STDOUT_FILENO) != 0) std::cout << "\x1b[H\x1b[2J";
    (void)Regions(connection, id, output);
    std::cout << std::endl;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  }
}

ExitCode Explain(Connection& connection, const std::vector<std::string>& what, Output output) {
  std::vector<std::string> words{"CRDT.EXPLAIN"};
  words.insert(words.end(), what.begin(), what.end());
  const Json explanation = connection.Ask(words);
  if (output == Output::kJson) {
    Print(explanation);
  } else if (!explanation.is_null()) {
    std::cout << RenderExplanation(explanation, NamesOf(connection));
  }
  if (!explanation.is_null()) return ExitCode::kDone;
  std::cerr << "meridian: nothing is stored under " << Quoted(what.back()) << '\n';
  return ExitCode::kBadAnswer;
}

// A Unix time in milliseconds as it is; "10m" is ten minutes ago.
std::string SinceMs(const std::string& text) {
  std::int64_t number = 0;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, number);
  const std::string unit(end, text_end);
  if (error == std::errc() && unit.empty()) return text;
  const std::int64_t factor = unit == "s"   ? 1000
                              : unit == "m" ? 60 * 1000
                              : unit == "h" ? 60 * 60 * 1000
                              : unit == "d" ? 24 * 60 * 60 * 1000
                                            : 0;
  if (error != std::errc() || factor == 0) {
    throw Failure(ExitCode::kNoAnswer,
                  "--since takes a Unix time in milliseconds, or how long ago: "
                  "30s, 10m, 2h or 1d");
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return std::to_string(now_ms - number * factor);
}

ExitCode Conflicts(Connection& connection, const ConflictQuery& query, Output output) {
  if (query.only_count) {
    const Json count = connection.Ask({"CONFLICT", "COUNT"});
    output == Output::kJson ? Print(count) : void(std::cout << RenderTotals(count));
    return ExitCode::kDone;
  }
  Json conflicts;
  if (query.id) {
    conflicts = connection.Ask({"CONFLICT", "GET", std::to_string(*query.id)});
    if (conflicts.is_null()) {
      std::cerr << "meridian: conflict " << *query.id << " is not kept\n";
      return ExitCode::kBadAnswer;
    }
  } else {
    std::vector<std::string> words{"CONFLICT", "LIST"};
    const auto add = [&words](const char* name, const std::string& value) {
      if (!value.empty()) words.insert(words.end(), {name, value});
    };
    add("KEY", query.key);
    add("TYPE", query.type);
    add("RULE", query.rule);
    add("REGION", query.region);
    add("SINCE", query.since.empty() ? "" : SinceMs(query.since));
    add("COUNT", query.count);
    conflicts = connection.Ask(words);
  }
  if (output == Output::kJson) {
    Print(conflicts);
    return ExitCode::kDone;
  }
  const RegionNames names = NamesOf(connection);
  if (conflicts.is_object()) conflicts = Json::array({conflicts});
  for (const Json& conflict : conflicts) std::cout << RenderConflict(conflict, names);
  if (conflicts.empty()) std::cout << "no conflicts\n";
  return ExitCode::kDone;
}

ExitCode Status(Connection& connection, Output output) {
  const Json info = ParseInfo(connection.Ask({"INFO", "everything"}).get<std::string>());
  if (output == Output::kJson) {
    Print(info);
    return ExitCode::kDone;
  }
  std::cout << RenderStatus(info) << '\n' << RenderNodes(connection.Ask({"REGION", "NODES"}));
  return ExitCode::kDone;
}

ExitCode CreateSnapshot(Connection& connection, Output output) {
  connection.WaitForEver();
  const Json snapshot = connection.Ask({"SNAPSHOT", "CREATE"});
  output == Output::kJson ? Print(snapshot) : void(std::cout << RenderSnapshot(snapshot));
  return ExitCode::kDone;
}

ExitCode Snapshots(Connection& connection, Output output) {
  const Json snapshots = connection.Ask({"SNAPSHOT", "LIST"});
  output == Output::kJson ? Print(snapshots) : void(std::cout << RenderSnapshots(snapshots));
  return ExitCode::kDone;
}

int Run(int argc, char** argv) {
  CLI::App app(
      "meridian: looks at the regions, keys, conflicts and logs of Meridian servers.\n"
      "Exit code: 0 done, 1 the answer is bad, 2 called wrongly or nobody answers.");
  // -h is the host, as in redis-cli.
  app.set_help_flag("--help", "Print this and exit");
  app.require_subcommand(1);
  app.fallthrough();

  ServerAddress address;
  std::string url;
  bool as_json = false;
  app.add_option("-h,--host", address.host, "Host of the server")->capture_default_str();
  app.add_option("-p,--port", address.port, "Port for clients")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  app.add_option("--user", address.user, "User; needs a password");
  app.add_option("--pass", address.password, "Password; better in the variable REDISCLI_AUTH");
  app.add_option("--url", url, "redis://[user:password@]host[:port], instead of -h and -p");
  app.add_flag("--json", as_json, "Print JSON");

  std::string region;
  auto* regions = app.add_subcommand("regions", "The links to the other regions");
  regions->add_option("id", region, "All that is known of the link to one region");
  std::optional<double> watch_seconds;
  regions->add_option("--watch", watch_seconds, "Show it again each so many seconds (without: 2)")
      ->expected(0, 1)
      ->default_str("2")
      ->check(CLI::Range(0.1, 86400.0));

  std::vector<std::string> key;
  auto* explain = app.add_subcommand(
      "explain", "Every write of a key that is still there, and the rule that decides");
  explain->add_option("key", key, "The key, and an element of it")->required()->expected(1, 2);

  ConflictQuery query;
  auto* conflicts = app.add_subcommand("conflicts", "What was decided between regions");
  conflicts->add_option("id", query.id, "One conflict by its number");
  conflicts->add_option("--key", query.key, "Keys that match a pattern");
  conflicts->add_option("--type", query.type, "string, hash or set");
  conflicts->add_option("--rule", query.rule, "By which rule it was decided");
  conflicts->add_option("--region", query.region, "Id of a region that took part");
  conflicts->add_option("--since", query.since,
                        "Unix time in ms, or how long ago: 30s, 10m, 2h, 1d");
  conflicts->add_option("--count", query.count, "How many, newest first");
  conflicts->add_flag("--totals", query.only_count, "Only how many there were, by rule");

  auto* status = app.add_subcommand("status", "The server, its region's nodes and its links");
  auto* failover = app.add_subcommand(
      "failover", "Make the most advanced replica the primary; -h and -p name any node that runs");

  std::string directory;
  bool repair = false;
  auto* check_aof = app.add_subcommand("check-aof", "Check the log of a stopped node");
  check_aof->add_option("dir", directory, "The node's data directory")->required();
  check_aof->add_flag("--repair", repair, "Cut a torn tail, keeping it aside");

  std::string snapshot;
  std::string restored_directory;
  std::string new_deployment;
  std::string new_ordinal = "0";
  auto* snapshots = app.add_subcommand("snapshot", "Snapshots of a node, to restore it from");
  snapshots->require_subcommand(1);
  snapshots->fallthrough();
  auto* create_snapshot = snapshots->add_subcommand("create", "Make one now, of a running node");
  auto* list_snapshots = snapshots->add_subcommand("list", "Those of a running node");
  auto* verify_snapshot = snapshots->add_subcommand("verify", "Read a snapshot whole");
  verify_snapshot->add_option("snapshot", snapshot, "Its directory")->required();
  auto* restore_snapshot =
      snapshots->add_subcommand("restore", "Make a data directory of a snapshot");
  restore_snapshot->add_option("snapshot", snapshot, "Its directory")->required();
  restore_snapshot->add_option("--to", restored_directory, "A new or empty directory")->required();
  auto* renamed = restore_snapshot->add_option("--deployment", new_deployment,
                                               "For a new deployment of this name");
  restore_snapshot->add_option("--ordinal", new_ordinal, "Number of the node there")
      ->needs(renamed)
      ->check(CLI::Range(0, 15))
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(app.exit(error) == 0 ? ExitCode::kDone : ExitCode::kNoAnswer);
  }
  if (!url.empty()) address = ParseUrl(url);
  if (const char* password = std::getenv("REDISCLI_AUTH"); address.password.empty() && password) {
    address.password = password;
  }
  const Output output = as_json ? Output::kJson : Output::kText;

  if (check_aof->parsed()) {
    std::vector<std::string> words{"--check-aof", directory};
    if (repair) words.emplace_back("--repair");
    RunServerBinary(std::move(words));
  }
  if (verify_snapshot->parsed()) RunServerBinary({"--verify-snapshot", snapshot});
  if (restore_snapshot->parsed()) {
    std::vector<std::string> words{"--restore-snapshot", snapshot, "--to", restored_directory};
    if (!new_deployment.empty()) {
      words.insert(words.end(), {"--new-deployment", new_deployment, "--new-ordinal", new_ordinal});
    }
    RunServerBinary(std::move(words));
  }
  if (failover->parsed()) {
    std::cout << Failover(address, as_json);
    return static_cast<int>(ExitCode::kDone);
  }
  Connection connection(address);
  ExitCode code = ExitCode::kDone;
  if (regions->parsed() && watch_seconds) WatchRegions(connection, region, output, *watch_seconds);
  if (regions->parsed()) code = Regions(connection, region, output);
  if (explain->parsed()) code = Explain(connection, key, output);
  if (conflicts->parsed()) code = Conflicts(connection, query, output);
  if (status->parsed()) code = Status(connection, output);
  if (create_snapshot->parsed()) code = CreateSnapshot(connection, output);
  if (list_snapshots->parsed()) code = Snapshots(connection, output);
  return static_cast<int>(code);
}

}  // namespace
}  // namespace inspector

int main(int argc, char** argv) {
  try {
    return inspector::Run(argc, argv);
  } catch (const inspector::Failure& failure) {
    std::cerr << "meridian: " << failure.what() << '\n';
    return static_cast<int>(failure.code());
  }
}
