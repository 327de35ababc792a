// What a replica makes of its primary's log: the contexts of the records must be those that the
// primary had.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_shard.h"
#include "replication/causal_gate.h"
#include "replication/outgoing_stream.h"
#include "storage/log/log.h"

namespace replication {
namespace {

using crdt::Stamp;
using crdt::VersionVector;
using crdt::Writer;

constexpr std::string_view kEffects = "any";  // Nobody looks inside.

Stamp At(crdt::RegionId region, std::uint64_t tick) {
  return Stamp::FromValue(tick * Stamp::kTick | Writer(region, 1).bits());
}

// Keeps what the authors of the records that it applied had seen.
class RecordingShard : public FakeShard {
 public:
  crdt::Status ApplyRecord(const storage::RecordView& record) override {
    contexts.push_back(record.context);
    return FakeShard::ApplyRecord(record);
  }

  std::vector<VersionVector> contexts;
};

storage::RecordView Relayed(Stamp stamp, VersionVector context) {
  return {
      .first_stamp = stamp, .effect_count = 1, .context = std::move(context), .effects = kEffects};
}

void Deliver(const std::vector<Message>& messages, CausalGate& gate, RecordingShard& replica) {
  for (const Message& message : messages) {
    if (const auto* start = std::get_if<StreamStart>(&message)) {
      ASSERT_TRUE(gate.OnStart(*start));
    }
    if (const auto* records = std::get_if<Records>(&message)) {
      ASSERT_TRUE(gate.OnRecords(*records));
    }
  }
  ASSERT_TRUE(gate.Deliver(replica, std::nullopt));
}

TEST(FollowStream, AReplicaSeesTheContextsThatThePrimaryHadBehindARelayedRecord) {
  storage::Log primary({}, nullptr);
  primary.AppendRecord(At(1, 1), 1, kEffects);
  primary.AppendRecord(Relayed(At(2, 2), {}));
  // Region 3 had seen neither: its context is smaller than what is before it in this log.
  primary.AppendRecord(Relayed(At(3, 3), {}));
  const VersionVector before = primary.floor();
  primary.AppendRecord(At(1, 4), 1, kEffects);
  ASSERT_TRUE(primary.WriteOut());

  const Subscribe request{.follow = true, .window = 1 << 20, .stream = 1};
  OutgoingStream stream(request, *primary.CursorFor({}), {});
  std::vector<Message> messages;
  ASSERT_TRUE(stream.Pump(primary, primary.end(), messages));

  RecordingShard replica;
  CausalGate gate(request);
  Deliver(messages, gate, replica);
  ASSERT_EQ(replica.contexts.size(), 4U);
  EXPECT_EQ(replica.contexts[2], VersionVector());
  EXPECT_EQ(replica.contexts[3], before);
}

TEST(FollowStream, AReplicaThatLacksNoRecordHearsWhatIsStableToo) {
  storage::Log primary({}, nullptr);
  primary.AppendRecord(At(1, 1), 1, kEffects);
  const VersionVector all = primary.floor();
  std::string stable;
  storage::EncodeVector(storage::FrameKind::kStable, all, stable);
  primary.Append(stable);
  ASSERT_TRUE(primary.WriteOut());

  const Subscribe request{.have = all, .follow = true, .window = 1 << 20, .stream = 1};
  OutgoingStream stream(request, *primary.CursorFor(all), {.floor = all});
  std::vector<Message> messages;
  ASSERT_TRUE(stream.Pump(primary, primary.end(), messages));
  RecordingShard replica;
  replica.JumpFloor(all);
  CausalGate gate(request);
  Deliver(messages, gate, replica);
  EXPECT_EQ(replica.stable(), all);
  EXPECT_TRUE(replica.contexts.empty());
  EXPECT_EQ(gate.applied_position(), primary.end());

  messages.clear();
  primary.AppendRecord(At(1, 2), 1, kEffects);
  ASSERT_TRUE(primary.WriteOut());
  ASSERT_TRUE(stream.Pump(primary, primary.end(), messages));
  Deliver(messages, gate, replica);
  ASSERT_EQ(replica.contexts.size(), 1U);
  EXPECT_EQ(replica.contexts[0], all);
}

}  // namespace
}  // namespace replication
