#include "server/commands/command_table.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "server/commands/letter_case.h"

namespace server {
namespace {

TEST(CommandTable, FindsEveryCommandInAnyCase) {
  ASSERT_FALSE(AllCommands().empty());
  for (const CommandSpec* spec : AllCommands()) {
    std::string mixed(spec->name);
    for (std::size_t i = 0; i < mixed.size(); i += 2) mixed[i] = UpperCase(mixed[i]);
    EXPECT_EQ(FindCommand(spec->name), spec) << spec->name;
    EXPECT_EQ(FindCommand(UpperCase(spec->name)), spec) << spec->name;
    EXPECT_EQ(FindCommand(mixed), spec) << mixed;
  }
}

TEST(CommandTable, DoesNotFindWhatOnlyLooksAlike) {
  for (const CommandSpec* spec : AllCommands()) {
    const std::string name(spec->name);
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::string other = name;
      // The bit that tells cases apart is flipped where the letter is none, too.
      other[i] = static_cast<char>(other[i] ^ 0x20);
      EXPECT_EQ(FindCommand(other), EqualsIgnoreCase(name, other) ? spec : nullptr) << other;
      other[i] = '\0';
      EXPECT_EQ(FindCommand(other), nullptr) << name;
    }
    EXPECT_EQ(FindCommand(name + '\0'), nullptr) << name;
  }
  EXPECT_EQ(FindCommand(""), nullptr);
  EXPECT_EQ(FindCommand(std::string(1000, 'g')), nullptr);
}

TEST(CommandTable, FindsSubcommandsByFullName) {
  const CommandSpec* kill = FindCommandByFullName("CLIENT|Kill");
  ASSERT_NE(kill, nullptr);
  EXPECT_EQ(kill->name, "client|kill");
  EXPECT_EQ(FindCommandByFullName("client|nothing"), nullptr);
  EXPECT_EQ(FindCommandByFullName("get|nothing"), nullptr);
  EXPECT_EQ(FindCommandByFullName("nothing|kill"), nullptr);
}

void CheckSpec(const CommandSpec& spec, const std::string& parent) {
  EXPECT_FALSE(spec.summary.empty()) << spec.name;
  EXPECT_TRUE(spec.summary.ends_with('.')) << spec.name;
  EXPECT_FALSE(spec.group.empty()) << spec.name;
  EXPECT_TRUE(spec.run != nullptr || !spec.subcommands.empty()) << spec.name;
  if (!parent.empty()) {
    EXPECT_TRUE(spec.name.starts_with(parent + "|")) << spec.name;
  }
  // What a write does when regions do it at once has to be said.
  if (spec.access == Access::kWrite) {
    EXPECT_TRUE(spec.when_concurrent.ends_with('.')) << spec.name;
  }
  EXPECT_EQ(spec.words.most >= 0 && spec.words.most < spec.words.least, false) << spec.name;
  for (const CommandSpec& subcommand : spec.subcommands) {
    CheckSpec(subcommand, std::string(spec.name));
  }
}

TEST(CommandTable, TellsOfEveryCommandWhatItIsFor) {
  for (const CommandSpec* spec : AllCommands()) CheckSpec(*spec, "");
}

}  // namespace
}  // namespace server
