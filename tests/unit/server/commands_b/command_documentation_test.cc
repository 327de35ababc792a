#include "server/command_documentation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "server/commands/command_table.h"

namespace server {
namespace {

const std::string kFile = std::string(MERIDIAN_SOURCE_DIR) + "/docs/commands.md";

TEST(CommandDocumentation, IsWhatTheTableSays) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(kFile) << DocumentCommands();
  std::stringstream written;
  written << std::ifstream(kFile).rdbuf();
  EXPECT_TRUE(written.str() == DocumentCommands())
      << kFile << " is not what the command table says: run this test with UPDATE_GOLDEN=1";
}

TEST(CommandDocumentation, LeavesNoCommandOut) {
  std::string text = DocumentCommands();
  text.resize(text.find("\n## Settings"));
  std::size_t rows = 0;
  for (std::size_t at = text.find("\n| `"); at != std::string::npos;
       at = text.find("\n| `", at + 1)) {
    ++rows;
  }
  std::size_t commands = 0;
  for (const CommandSpec* spec : AllCommands()) commands += 1 + spec->subcommands.size();
  EXPECT_EQ(rows, commands);
}

}  // namespace
}  // namespace server
