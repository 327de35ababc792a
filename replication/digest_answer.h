// The answering side of a comparison: what another region asks for is read in slices, and sent.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "replication/digest_reading.h"
#include "replication/messages.h"

namespace replication {

class DigestAnswer {
 public:
  // Bytes of one message, and of those that a call appends.
  static constexpr std::size_t kPieceBytes = 1 << 20;
  static constexpr std::size_t kMostBytesPerCall = 4 << 20;
  // Of objects that are sent for one request, at least one of them: what is left is asked for
  // again.
  static constexpr std::size_t kMostObjectBytes = 16 << 20;

  explicit DigestAnswer(DigestRequest request) : request_(std::move(request)) {}

  // Reads at most about `budget` keys, which it takes from that, and appends what is to be sent.
  enum class Step { kWaits, kOne, kLast };
  Step Work(const ReplicatedShard& shard, std::uint64_t& budget, std::vector<Message>& out);
  std::uint64_t comparison() const { return request_.comparison; }

 private:
  DigestReply Reply() const;
  // Reads what is to be sent next.
  void Read(const ReplicatedShard& shard, std::uint64_t& budget);
  void ReadObjects(const ReplicatedShard& shard);
  void SendSome(std::vector<Message>& out);

  DigestRequest request_;
  std::optional<DigestReading> reading_;  // Begins when all is here that the other side had.
  bool all_read_ = false;
  std::string entries_;  // Read, and not sent from there on.
  std::size_t sent_ = 0;
};

}  // namespace replication
