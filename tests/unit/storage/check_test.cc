#include "storage/log/check.h"

#include <gtest/gtest.h>

#include <string>

#include "log_fixture.h"
#include "storage/node_state.h"

namespace storage {
namespace {

using Verdict = RecoveryReport::Verdict;

class CheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const NodeState state{.deployment = "shop", .region = 1, .log_id = kLogId};
    ASSERT_TRUE(disk_.ReplaceFile(std::string(kDirectory) + "/" + kNodeStateName, state.Encode())
                    .has_value());
    Log log(SmallLog(), &disk_);
    for (std::uint64_t number = 1; number <= 5; ++number) AppendNumber(log, number);
    Flush(log);
  }
  // Damages the frame of a record.
  void Damage(std::uint64_t number) {
    const std::string path = Segments(disk_).front();
    const std::string bytes = disk_.ReadFile(path).value();
    disk_.FlipBit(path, bytes.find(EffectsOf(number)), 1);
  }

  MemoryDisk disk_;
};

TEST_F(CheckTest, TellsWhatAWholeLogHolds) {
  const CheckReport report = CheckLog(disk_, kDirectory, Repair::kNo).value();
  EXPECT_EQ(report.recovery.verdict, Verdict::kWhole);
  EXPECT_EQ(report.records, 5U);
  EXPECT_EQ(report.effects, 5U);
  EXPECT_EQ(report.first.Get(kWriter), StampNumber(1));
  EXPECT_EQ(report.last.Get(kWriter), StampNumber(5));
  EXPECT_NE(report.ToString().find("the log is whole"), std::string::npos);
}

TEST_F(CheckTest, LeavesATornTailAsItIsUnlessAskedToRepairIt) {
  Damage(5);
  const std::string before = disk_.ReadFile(Segments(disk_).front()).value();
  const CheckReport looked = CheckLog(disk_, kDirectory, Repair::kNo).value();
  EXPECT_EQ(looked.recovery.verdict, Verdict::kTornTail);
  EXPECT_FALSE(looked.repaired);
  EXPECT_EQ(disk_.ReadFile(Segments(disk_).front()).value(), before);

  const CheckReport repaired = CheckLog(disk_, kDirectory, Repair::kTail).value();
  EXPECT_TRUE(repaired.repaired);
  const CheckReport after = CheckLog(disk_, kDirectory, Repair::kNo).value();
  EXPECT_EQ(after.recovery.verdict, Verdict::kWhole);
  EXPECT_EQ(after.records, 4U);
}

TEST_F(CheckTest, NeverRepairsDamageInTheMiddle) {
  Damage(2);
  const std::string before = disk_.ReadFile(Segments(disk_).front()).value();
  const CheckReport report = CheckLog(disk_, kDirectory, Repair::kTail).value();
  EXPECT_EQ(report.recovery.verdict, Verdict::kDamaged);
  EXPECT_FALSE(report.repaired);
  EXPECT_EQ(disk_.ReadFile(Segments(disk_).front()).value(), before);
  EXPECT_NE(report.ToString().find("damaged: "), std::string::npos);
}

TEST_F(CheckTest, ARecordWithAGoodChecksumThatDoesNotDecodeIsDamage) {
  Recovered recovered = Recover(disk_);
  recovered.log->Append(std::string("\x01\x00short", 7));
  Flush(*recovered.log);
  const CheckReport report = CheckLog(disk_, kDirectory, Repair::kNo).value();
  EXPECT_EQ(report.recovery.verdict, Verdict::kDamaged);
  EXPECT_NE(report.recovery.detail.find("position"), std::string::npos);
}

TEST_F(CheckTest, ADirectoryWithoutANodeIsAnError) {
  EXPECT_FALSE(CheckLog(disk_, "elsewhere", Repair::kNo).has_value());
}

}  // namespace
}  // namespace storage
