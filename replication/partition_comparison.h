// Compares what two regions have of a partition, key by key where that is needed, while both go on
// writing; the asking side. And repairs: takes a key as the other region has it.
//
// What differs may merely be under way. The partition's buckets, and then the keys of those that
// differ, are compared in *rounds*: in each of them both sides read after they have all that either
// had at the end of the round before. Suppose a key's state is the same in three rounds at this
// side, the same in three at the other, and the two differ. Then one side, say this one, shows a
// stamp that the other one does not show. The other one has it, in the second round at the latest:
// so by its second reading it has seen what replaced it. That is here by the third round, where the
// stamp is still shown, and no order of deliveries explains that. Two rounds would not do: what
// replaced it may be written and be under way between them.
// docs/decisions/0022-differences-that-nothing-explains.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "replication/digest_reading.h"
#include "replication/messages.h"
#include "replication/replicated_shard.h"
#include "replication/report.h"

namespace replication {

enum class Repairs { kNo, kYes };

struct PartitionFindings {
  std::string incomplete;              // Why something was not compared or repaired; or empty.
  std::uint64_t in_flight = 0;         // Keys that differed at first: something was under way.
  std::vector<ComparedKey> differing;  // Whose difference nothing explains,
  std::uint64_t repaired = 0;          // and how many of them are now as they are there.
};

class PartitionComparison {
 public:
  static constexpr int kRounds = 3;
  // Of keys that differ so many are looked at together.
  static constexpr std::size_t kKeysAtOnce = kMostNamesAsked;
  static constexpr std::size_t kNameBytesAtOnce = 1 << 20;
  // Longer names do not go into one message: such keys are not compared one by one.
  static constexpr std::size_t kMostNameBytes = 8 << 20;
  // Of an answer.
  static constexpr std::size_t kMostAnswerBytes = std::size_t{4} << 30;

  // `comparison`: which one it belongs to. With a key only that one is looked at.
  PartitionComparison(std::uint64_t comparison, storage::PartitionId partition,
                      const std::optional<std::string>& key, Repairs repairs);

  // What is to be done at this side, reading at most about `budget` keys, which it takes from
  // that; appends what is to be asked. Keys whose deadline is at or before `unix_ms` count as
  // absent in what begins now. False where there is nothing to do before something comes.
  bool Work(const ReplicatedShard& shard, std::int64_t unix_ms, std::uint64_t& budget,
            std::vector<Message>& out);
  // An error is an answer that no sane peer gives.
  crdt::Status OnReply(DigestReply&& reply, ReplicatedShard& shard);

  bool done() const { return done_; }
  storage::PartitionId partition() const { return request_.partition; }
  // It names keys and looks at them one by one, or is about to.
  bool lists() const { return stage_ != Stage::kSums && asked_; }
  bool is_about_to_list() const { return stage_ == Stage::kKeys && !asked_; }
  PartitionFindings TakeFindings() { return std::move(findings_); }
  // What it waits for, for people; empty while it works.
  std::string waits_for() const;

 private:
  enum class Stage { kSums, kKeys, kNames, kObjects };

  // The next keys that differed.
  void BeginChunk();
  void Next(Stage stage);
  void Ask(std::int64_t unix_ms, std::vector<Message>& out);
  bool Read(const ReplicatedShard& shard, std::uint64_t& budget);
  void Conclude();
  void ConcludeRound();
  void Repair(const std::vector<DigestedKey>& keys, ReplicatedShard& shard);
  // Keys that the two readings have in different states, or one of them alone.
  std::vector<ComparedKey> Differing() const;

  Repairs repairs_;
  bool done_ = false;
  PartitionFindings findings_;

  // What is asked.
  Stage stage_ = Stage::kSums;
  bool asked_ = false;
  DigestRequest request_;
  std::optional<DigestReading> here_;
  bool here_done_ = false;
  bool there_done_ = false;
  crdt::VersionVector reached_;  // By both readings.
  std::map<std::string, std::uint64_t> keys_here_;
  std::map<std::string, std::uint64_t> keys_there_;
  DigestSums sums_there_{};
  std::string staged_;  // Entries of the answer.

  // Keys that differed in the first round and have not been looked at since, and those that are
  // looked at: they have differed in the same way in so many rounds.
  std::vector<ComparedKey> candidates_;
  std::vector<ComparedKey> chunk_;
  int rounds_ = 0;
};

}  // namespace replication
