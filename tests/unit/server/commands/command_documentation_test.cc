#include "server/command_documentation.h"

#include <gtest/gtest.h>

#include <string>

#include "server/commands/command_table.h"

namespace server {
namespace {

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
