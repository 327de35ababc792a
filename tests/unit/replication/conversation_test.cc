// The dialogues of conversations/, each a file: a script, "----", and what is said.
// UPDATE_GOLDEN=1 rewrites the lower half.
#include "conversation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace replication {
namespace {

const std::string kFolder = MERIDIAN_SOURCE_DIR "/tests/unit/replication/conversations/";
constexpr std::string_view kDivider = "----\n";

void IsHeldAsWritten(const std::string& name) {
  const std::string path = kFolder + name + ".txt";
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  const std::string text = read.str();
  const std::size_t divider = text.find(kDivider);
  ASSERT_NE(divider, std::string::npos) << path;
  const std::string script = text.substr(0, divider);
  const std::string said = Conversation().Run(script);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << script << kDivider << said;
    return;
  }
  EXPECT_EQ(text.substr(divider + kDivider.size()), said) << path;
}

TEST(Conversations, AReplicaCatchesUpByTheLog) {
  IsHeldAsWritten("partial_synchronisation");
}
TEST(Conversations, AReplicaJoinsWholePartitions) {
  IsHeldAsWritten("full_synchronisation");
}
TEST(Conversations, TwoRegionsGreetAndExchange) {
  IsHeldAsWritten("region_link");
}
TEST(Conversations, ALinkThatBrokeGoesOnWhereItWas) {
  IsHeldAsWritten("reconnection");
}
TEST(Conversations, APauseAtEitherEndStopsBothDirections) {
  IsHeldAsWritten("pause");
}
TEST(Conversations, FinePrint8ASilentRegionsWritesArePulledFromWhoHasThem) {
  IsHeldAsWritten("relay");
}
TEST(Conversations, FinePrint12AReturningPrimaryOffersWhatOnlyItHas) {
  IsHeldAsWritten("failover");
}
TEST(Conversations, TwoPrimariesThatWereCutOffFromEachOther) {
  IsHeldAsWritten("two_primaries");
}

TEST(Conversations, EveryFileIsATest) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    files += entry.path().extension() == ".txt" ? 1 : 0;
  }
  EXPECT_EQ(files, 8U);
}

}  // namespace
}  // namespace replication
