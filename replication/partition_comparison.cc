#include "replication/partition_comparison.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Status;

PartitionComparison::PartitionComparison(std::uint64_t comparison, storage::PartitionId partition,
                                         const std::optional<std::string>& key, Repairs repairs)
    : repairs_(repairs) {
  request_.comparison = comparison;
  request_.partition = partition;
  if (!key) return;
  chunk_ = {{.key = *key, .partition = partition, .here = 0, .there = 0}};
  stage_ = Stage::kNames;
}

std::string PartitionComparison::waits_for() const {
  if (done_ || !asked_) return {};
  const std::string partition = "partition " + std::to_string(request_.partition);
  if (!here_ && stage_ != Stage::kObjects) {
    return partition + ": what the other region had is not here yet";
  }
  return there_done_ ? std::string() : partition + ": the other region does not answer yet";
}

// --- What is asked -------------------------------------------------------------------------------

void PartitionComparison::BeginChunk() {
  chunk_.clear();
  std::size_t bytes = 0;
  while (!candidates_.empty() && chunk_.size() < kKeysAtOnce && bytes < kNameBytesAtOnce) {
    bytes += candidates_.back().key.size();
    chunk_.push_back(std::move(candidates_.back()));
    candidates_.pop_back();
  }
  if (chunk_.empty()) {
    done_ = true;
    return;
  }
  rounds_ = 1;
  Next(Stage::kNames);
}

void PartitionComparison::Next(Stage stage) {
  stage_ = stage;
  asked_ = false;
}

void PartitionComparison::Ask(std::int64_t unix_ms, std::vector<Message>& out) {
  asked_ = true;
  here_.reset();
  // A repair takes what the last round saw.
  here_done_ = stage_ == Stage::kObjects;
  there_done_ = false;
  reached_ = {};
  keys_here_.clear();
  keys_there_.clear();
  staged_.clear();
  ++request_.round;
  request_.objects = stage_ == Stage::kObjects;
  if (!request_.objects) request_.unix_ms = unix_ms;
  if (stage_ != Stage::kKeys) request_.buckets.reset();
  request_.names.clear();
  if (stage_ == Stage::kNames || stage_ == Stage::kObjects) {
    for (const ComparedKey& key : chunk_) request_.names.push_back(key.key);
  }
  out.push_back(request_);
}

// --- What comes of it ----------------------------------------------------------------------------

bool PartitionComparison::Work(const ReplicatedShard& shard, std::int64_t unix_ms,
                               std::uint64_t& budget, std::vector<Message>& out) {
  if (done_) return false;
  if (!asked_) {
    Ask(unix_ms, out);
    return true;
  }
  if (!here_done_) return Read(shard, budget);
  if (!there_done_) return false;
  Conclude();
  return true;
}

bool PartitionComparison::Read(const ReplicatedShard& shard, std::uint64_t& budget) {
  if (!here_) {
    if (!shard.Observed(request_.partition).Covers(request_.covering)) return false;
    here_.emplace(request_);
  }
  here_done_ = here_->Step(shard, budget);
  keys_here_.merge(here_->TakeKeys());
  if (here_done_) reached_.Merge(shard.Observed(request_.partition));
  return true;
}

Status PartitionComparison::OnReply(DigestReply&& reply, ReplicatedShard& shard) {
  if (done_ || !asked_ || there_done_ || reply.round != request_.round) return {};
  if (staged_.size() + reply.entries.size() > kMostAnswerBytes) {
    return Fail(ErrorCode::kTooLarge, "an answer to a comparison that does not end");
  }
  staged_ += reply.entries;
  if (!reply.is_last) return {};
  const auto keys = DecodeDigestedKeys(staged_);
  if (!keys) return std::unexpected(keys.error());
  there_done_ = true;
  reached_.Merge(reply.observed);
  sums_there_ = reply.sums;
  if (stage_ == Stage::kObjects) {
    Repair(*keys, shard);
  } else {
    for (const DigestedKey& key : *keys) keys_there_[std::string(key.key)] = key.digest;
  }
  staged_ = std::string();
  return {};
}

void PartitionComparison::Conclude() {
  switch (stage_) {
    case Stage::kSums:
      for (std::size_t i = 0; i < kDigestBuckets; ++i) {
        request_.buckets.set(i, here_->sums()[i] != sums_there_[i]);
      }
      done_ = request_.buckets.none();
      return Next(Stage::kKeys);
    case Stage::kKeys:
      candidates_ = Differing();
      if (std::erase_if(candidates_, [](const ComparedKey& key) {
            return key.key.size() > kMostNameBytes;
          }) > 0) {
        findings_.incomplete = "keys with names of more than 8 MiB are not compared";
      }
      request_.covering = reached_;
      return BeginChunk();
    case Stage::kNames:
      return ConcludeRound();
    case Stage::kObjects:
      // An answer ends where it gets too long.
      return chunk_.empty() ? BeginChunk() : Next(Stage::kObjects);
  }
}

std::vector<ComparedKey> PartitionComparison::Differing() const {
  std::vector<ComparedKey> differing;
  const auto digest_in = [](const std::map<std::string, std::uint64_t>& keys,
                            const std::string& key) {
    const auto found = keys.find(key);
    return found == keys.end() ? 0 : found->second;
  };
  for (const auto& [key, here] : keys_here_) {
    const std::uint64_t there = digest_in(keys_there_, key);
    if (here != there) differing.push_back({key, request_.partition, here, there});
  }
  for (const auto& [key, there] : keys_there_) {
    if (!keys_here_.contains(key)) differing.push_back({key, request_.partition, 0, there});
  }
  return differing;
}

void PartitionComparison::ConcludeRound() {
  std::vector<ComparedKey> differing = Differing();
  std::erase_if(differing, [this](const ComparedKey& key) {
    return rounds_ > 0 ? std::ranges::find(chunk_, key) == chunk_.end()
                       : std::ranges::find(chunk_, key.key, &ComparedKey::key) == chunk_.end();
  });
  if (rounds_ > 0) findings_.in_flight += chunk_.size() - differing.size();
  chunk_ = std::move(differing);
  request_.covering = reached_;
  if (chunk_.empty()) return BeginChunk();
  if (++rounds_ < kRounds) return Next(Stage::kNames);
  std::ranges::copy(chunk_, std::back_inserter(findings_.differing));
  repairs_ == Repairs::kYes ? Next(Stage::kObjects) : BeginChunk();
}

void PartitionComparison::Repair(const std::vector<DigestedKey>& keys, ReplicatedShard& shard) {
  std::string refused;
  const std::size_t asked_for = chunk_.size();
  for (const DigestedKey& theirs : keys) {
    const auto asked = std::ranges::find(chunk_, theirs.key, &ComparedKey::key);
    if (asked == chunk_.end()) continue;
    // Changed since, at either side: the next comparison tells whether it still differs.
    const bool is_as_it_was = theirs.digest == asked->there &&
                              shard.DigestOf(asked->key, request_.unix_ms) == asked->here;
    if (is_as_it_was) {
      if (Status repaired = shard.RepairKey(asked->key, theirs.object); !repaired) {
        refused = repaired.error().detail;
        break;
      }
      ++findings_.repaired;
    }
    chunk_.erase(asked);
  }
  if (refused.empty() && chunk_.size() == asked_for) {
    refused = "the other region sends nothing to repair with";
  }
  if (refused.empty()) return;
  findings_.incomplete = std::move(refused);
  chunk_.clear();
  candidates_.clear();
}

}  // namespace replication
