#include "replication/digest_answer.h"

#include <algorithm>

namespace replication {
namespace {

std::string Digests(const std::map<std::string, std::uint64_t>& keys) {
  std::string entries;
  for (const auto& [key, digest] : keys) {
    AppendDigestedKey({.key = key, .digest = digest, .object = {}}, entries);
  }
  return entries;
}

}  // namespace

DigestAnswer::Step DigestAnswer::Work(const ReplicatedShard& shard, std::uint64_t& budget,
                                      std::vector<Message>& out) {
  if (!reading_) {
    if (!shard.Observed(request_.partition).Covers(request_.covering)) return Step::kWaits;
    reading_.emplace(request_);
  }
  if (entries_.empty() && !all_read_) Read(shard, budget);
  SendSome(out);
  // What is left has a turn of its own.
  if (!entries_.empty()) budget = 0;
  if (!entries_.empty() || !all_read_) return Step::kOne;
  DigestReply last = Reply();
  last.is_last = true;
  last.observed = shard.Observed(request_.partition);
  last.sums = reading_->sums();
  out.push_back(std::move(last));
  return Step::kLast;
}

DigestReply DigestAnswer::Reply() const {
  return {
      .comparison = request_.comparison, .partition = request_.partition, .round = request_.round};
}

void DigestAnswer::Read(const ReplicatedShard& shard, std::uint64_t& budget) {
  if (request_.objects) {
    ReadObjects(shard);
    budget = 0;
    all_read_ = true;
  } else {
    all_read_ = reading_->Step(shard, budget);
    entries_ = Digests(reading_->TakeKeys());
  }
}

void DigestAnswer::ReadObjects(const ReplicatedShard& shard) {
  for (const std::string& key : request_.names) {
    if (entries_.size() >= kMostObjectBytes) break;
    const std::string object = shard.ExportKey(key);
    AppendDigestedKey(
        {.key = key, .digest = shard.DigestOf(key, request_.unix_ms), .object = object}, entries_);
  }
}

void DigestAnswer::SendSome(std::vector<Message>& out) {
  const std::size_t end = std::min(entries_.size(), sent_ + kMostBytesPerCall);
  while (sent_ < end) {
    DigestReply piece = Reply();
    piece.entries = entries_.substr(sent_, std::min(kPieceBytes, end - sent_));
    sent_ += piece.entries.size();
    out.push_back(std::move(piece));
  }
  if (sent_ < entries_.size()) return;
  entries_ = std::string();
  sent_ = 0;
}

}  // namespace replication
