// Faults that are put in on purpose, each at a seam of the product: a checker that cannot fail is
// worth nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/shard_node.h"
#include "storage/memory_disk.h"
#include "tests/simulation/simulated_network.h"

namespace simulation {

enum class Planted {
  kNone,
  kIdentityReused,          // A machine that lost a tail claims that it never stopped.
  kEpochNotDurable,         // A machine crash takes back what the node noted of itself.
  kRepliesAtOnce,           // Replies leave before the kernel has the log.
  kRepliesBeforeSync,       // With `always`, replies wait for the kernel only.
  kSyncLies,                // fsync returns and nothing is durable.
  kAppliedAheadOfItself,    // Replicas acknowledge more than they have applied.
  kAppliedAsDurable,        // Replicas and regions report what is applied as durable.
  kContextDropped,          // Records travel without what their authors had seen.
  kSiblingDropped,          // A write that loses against one that it had not seen is left out.
  kCollectedEarly,          // Counters are collected when applied instead of when stable.
  kResumedTooFar,           // A reconnection asks for the log one record too late.
  kAppliedTwice,            // What came already is applied again.
  kJoinWithoutJump,         // A joined replica keeps its old vector.
  kTailNotOffered,          // A returning primary hides what only it has.
  kWaitCountsOneMore,       // WAIT counts the primary too.
  kRegionWaitCountsItself,  // REGION WAIT counts this region too.
  kDeleteTakesUnseen,       // A delete takes also what it has not seen.
  kTransactionTorn,         // Of a transaction from elsewhere only the first change arrives.
  kJoinLosesAKey,           // A full synchronisation leaves out a key.
  kJoinKeepsWhatIsGone,  // A full synchronisation leaves keys that are absent where it comes from.
  kGateSkipped,          // Two records arrive in the wrong order.
  kBeyondDropped,        // What an author had seen amid a join is left out where it is applied.
  // Of memory and logs that have to be bounded:
  kNeverCollected,  // what is stable stays;
  kStableUnheard,   // nobody hears what is durable elsewhere;
  kLogNeverCut,     // a log in memory is kept whole.
  // Of checkpoints:
  kCheckpointForgetsDeletes,    // a key that is gone keeps its row;
  kCheckpointWithoutPositions,  // replay does not know what the rows have already;
  kCheckpointKeepsRows,         // rows of deleted keys stay;
  kCheckpointForgetsMeanwhile,  // what changed between two pieces of a key is not replayed.
};

struct PlantedFault {
  Planted planted;
  std::string_view name;
  int seeds;  // Within so many it is found.
};
std::span<const PlantedFault> PlantedFaults();

// The node with the fault in it where that is in the node's own reach.
std::unique_ptr<server::ShardNode> MakeNode(Planted planted, geo_config::Config config,
                                            server::Environment environment);
// Takes back what a node noted of itself, where that is planted.
class StateFileKeeper {
 public:
  void BeforeStart(Planted planted, storage::MemoryDisk& disk, const std::string& path,
                   bool machine_crashed);
  void AfterStart(storage::MemoryDisk& disk, const std::string& path);

 private:
  std::string first_;  // As the first start has left it.
};

// Changes what is sent between nodes; empty where the fault is elsewhere.
SimulatedNetwork::Tamper MakeTamper(Planted planted);

}  // namespace simulation
