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
  // Bytes of one message.
  static constexpr std::size_t kPieceBytes = 1 << 20;
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
  void Send(const std::string& entries, std::vector<Message>& out) const;
  std::string Objects(const ReplicatedShard& shard) const;

  DigestRequest request_;
  std::optional<DigestReading> reading_;  // Begins when all is here that the other side had.
};

}  // namespace replication
