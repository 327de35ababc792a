#include "inspector/cli/server_binary.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>

#include "inspector/cli/outcome.h"

namespace inspector {

void RunServerBinary(std::vector<std::string> words) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "meridian-server";
  // Without a slash execvp() looks on PATH.
  const std::string server =
      !error && access(beside.c_str(), X_OK) == 0 ? beside.string() : "meridian-server";

  words.insert(words.begin(), server);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(server.c_str(), arguments.data());
  throw Failure(ExitCode::kNoAnswer, "cannot run meridian-server, which knows the formats: " +
                                         std::string(std::strerror(errno)) +
                                         " (looked beside meridian and on PATH)");
}

}  // namespace inspector
