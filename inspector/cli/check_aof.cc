#include "inspector/cli/check_aof.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "inspector/cli/outcome.h"

namespace inspector {

void CheckAof(const std::string& directory, TailRepair repair) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "meridian-server";
  // Without a slash execvp() looks on PATH.
  const std::string server =
      !error && access(beside.c_str(), X_OK) == 0 ? beside.string() : "meridian-server";

  std::vector<std::string> words{server, "--check-aof", directory};
  if (repair == TailRepair::kYes) words.emplace_back("--repair");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(server.c_str(), arguments.data());
  throw Failure(ExitCode::kNoAnswer, "cannot run meridian-server, which knows the log's format: " +
                                         std::string(std::strerror(errno)) +
                                         " (looked beside meridian and on PATH)");
}

}  // namespace inspector
