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
    reading_ = DigestReading::Of(request_);
  }
  const bool is_done = request_.objects || reading_->Step(shard, budget);
  Send(request_.objects ? Objects(shard) : Digests(reading_->TakeKeys()), out);
  if (!is_done) return Step::kOne;
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

void DigestAnswer::Send(const std::string& entries, std::vector<Message>& out) const {
  for (std::size_t at = 0; at < entries.size(); at += kPieceBytes) {
    DigestReply piece = Reply();
    piece.entries = entries.substr(at, kPieceBytes);
    out.push_back(std::move(piece));
  }
}

std::string DigestAnswer::Objects(const ReplicatedShard& shard) const {
  std::string entries;
  for (const std::string& key : request_.names) {
    if (entries.size() >= kMostObjectBytes) break;
    const std::uint64_t digest = shard.DigestOf(key, request_.unix_ms);
    const std::string object = digest == 0 ? std::string() : shard.ExportKey(key);
    AppendDigestedKey({.key = key, .digest = digest, .object = object}, entries);
  }
  return entries;
}

}  // namespace replication
