// What a region's nodes tell of themselves to whoever has to choose a new primary among them.
#include <gtest/gtest.h>

#include <string>

#include "machines.h"

namespace replication {
namespace {

NodeReport OwnReport(Machine& machine) {
  for (const NodeReport& report : machine.replicator().NodeReports()) {
    if (report.self) return report;
  }
  return {};
}

TEST(FailoverChoice, ReplicasTellTheEpochThatTheyFollowAlsoWhereTheyOnceLed) {
  Machines machines({"eu-0", "eu-1", "eu-2"});
  machines.StartAll();
  machines.Run(2500);
  machines.Write("eu-0", "a");
  machines.Run(500);
  ASSERT_TRUE(machines["eu-1"].replicator().TakeOver(machines.now()).has_value());
  machines.Run(2500);
  machines.Write("eu-1", "b");
  machines.Run(500);
  const NodeReport once_led = OwnReport(machines["eu-0"]);
  const NodeReport never_led = OwnReport(machines["eu-2"]);
  EXPECT_EQ(once_led.epoch, OwnReport(machines["eu-1"]).epoch);
  EXPECT_EQ(never_led.epoch, once_led.epoch);
  EXPECT_EQ(never_led.position, once_led.position);
}

TEST(FailoverChoice, APositionIsThatOfThePrimarysLogAlsoWhenItIsGone) {
  Machines machines({"eu-0", "eu-1"});
  machines.StartAll();
  machines.Run(2500);
  // Its own log is longer than what it has of the primary's: it led before.
  std::string payload;
  storage::EncodeEpoch(1, payload);
  machines["eu-1"].shard().log().Append(payload);
  machines.Write("eu-0", "a");
  machines.Run(500);
  const storage::LogPosition position = OwnReport(machines["eu-0"]).position;
  EXPECT_EQ(OwnReport(machines["eu-1"]).position, position);
  machines.Kill("eu-0");
  machines.Run(500);
  EXPECT_EQ(OwnReport(machines["eu-1"]).position, position);
}

}  // namespace
}  // namespace replication
