// meridian-server: one process, one node. Reads the command line and puts the parts together.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "geo-config/config.h"
#include "server/command_documentation.h"
#include "server/net/server_process.h"
#include "server/snapshot_tool.h"
#include "server/version.h"
#include "storage/data_directory.h"
#include "storage/log/check.h"
#include "storage/posix_disk.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int CheckLog(const std::string& directory, bool repair) {
  storage::PosixDisk disk;
  auto report = storage::CheckLog(disk, directory, storage::Repair::kNo);
  if (report && repair) {
    // What a server still writes to must not be cut.
    const auto held = storage::DataDirectory::Open(directory, "meridian check-aof --repair");
    report = held ? storage::CheckLog(disk, directory, storage::Repair::kTail)
                  : std::unexpected(held.error());
  }
  if (!report) {
    std::cerr << "meridian-server: " << report.error().detail << '\n';
    return kUsage;
  }
  std::cout << report->ToString();
  const bool good =
      report->recovery.verdict == storage::RecoveryReport::Verdict::kWhole ||
      (repair && report->recovery.verdict == storage::RecoveryReport::Verdict::kTornTail);
  return good ? 0 : kFailed;
}

// "--name value" and "--name=value" pairs that CLI11 does not know: settings.
bool TakeOverrides(const std::vector<std::string>& words, geo_config::Overrides& overrides) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      std::cerr << "meridian-server: unexpected word '" << words[i]
                << "'; a configuration file is given with --config\n";
      return false;
    }
    const std::string name = words[i].substr(2);
    const std::size_t equals = name.find('=');
    if (equals != std::string::npos) {
      overrides.emplace_back(name.substr(0, equals), name.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      overrides.emplace_back(name, words[++i]);
    } else {
      std::cerr << "meridian-server: --" << name << " needs a value\n";
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Meridian: an active-active database that speaks the Redis protocol.");
  std::string config_path;
  std::string check_directory;
  bool repair = false;
  std::string snapshot_to_verify;
  std::string snapshot_to_restore;
  std::string restored_directory;
  storage::NewDeployment new_deployment;
  bool check_config = false;
  bool document_settings = false;
  bool document_commands = false;
  app.add_option("--config", config_path, "the node's TOML file");
  app.add_flag("--check-config", check_config, "check the configuration and exit");
  app.add_option("--check-aof", check_directory, "check the log of a stopped node and exit");
  app.add_flag("--repair", repair, "with --check-aof: cut a torn tail, keeping it aside");
  app.add_option("--verify-snapshot", snapshot_to_verify, "read a snapshot whole and exit");
  auto* restore = app.add_option("--restore-snapshot", snapshot_to_restore,
                                 "make a data directory of a snapshot and exit");
  restore->needs(app.add_option("--to", restored_directory, "with --restore-snapshot: where"));
  auto* renamed = app.add_option("--new-deployment", new_deployment.name,
                                 "with --restore-snapshot: for a deployment of its own");
  app.add_option("--new-ordinal", new_deployment.ordinal, "this node's number there")
      ->needs(renamed)
      ->check(CLI::Range(0, 15));
  app.add_flag("--document-settings", document_settings, "print docs/configuration.md");
  app.add_flag("--document-commands", document_commands, "print docs/commands.md");
  app.set_version_flag("--version", "meridian-server " + std::string(server::kVersion) +
                                        " (Redis " + std::string(server::kRedisVersion) + ")");
  app.allow_extras();
  app.footer("Any setting of docs/configuration.md can be given as --name value.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (document_settings) {
    std::cout << geo_config::DocumentSettings();
    return 0;
  }
  if (document_commands) {
    std::cout << server::DocumentCommands();
    return 0;
  }
  if (!check_directory.empty()) return CheckLog(check_directory, repair);
  if (!snapshot_to_verify.empty()) return server::VerifySnapshot(snapshot_to_verify);
  if (!snapshot_to_restore.empty()) {
    return server::RestoreSnapshot(
        snapshot_to_restore, restored_directory,
        new_deployment.name.empty() ? std::nullopt : std::optional(new_deployment));
  }

  geo_config::Overrides overrides;
  if (!TakeOverrides(app.remaining(), overrides)) return kUsage;
  std::string text;
  if (!config_path.empty()) {
    std::ifstream file(config_path);
    // A folder can be opened, and only cannot be read.
    if (!file || (file.peek() == EOF && file.bad())) {
      std::cerr << "meridian-server: cannot read " << config_path << '\n';
      return kUsage;
    }
    std::ostringstream content;
    content << file.rdbuf();
    text = content.str();
  }
  const auto config = geo_config::Load(text, overrides);
  if (!config) {
    std::cerr << "meridian-server: "
              << (config_path.empty() ? std::string("the configuration") : config_path)
              << " is not right:\n"
              << config.error().detail << '\n';
    return kUsage;
  }
  const std::vector<std::string> warnings = geo_config::Warnings(*config);
  if (check_config) {
    for (const std::string& warning : warnings) std::cout << "warning: " << warning << '\n';
    std::cout << "OK\n";
    return 0;
  }
  auto logging = server::Logging::Open(config->logfile, config->loglevel);
  if (!logging) {
    std::cerr << "meridian-server: " << logging.error().detail << '\n';
    return kFailed;
  }
  for (const std::string& warning : warnings) (*logging)->Warn(warning);
  return server::ServerProcess(*config, **logging).Run();
}
