// Connections to other nodes, as the replicator sees them. Performed by Asio in net/, or simulated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace replication {

using LinkId = std::uint64_t;  // Never used twice.

class PeerNetwork {
 public:
  virtual ~PeerNetwork() = default;
  // Begins to connect. Replicator::OnConnected or OnClosed follows, never inside of this call.
  virtual LinkId Dial(const std::string& host, std::uint16_t port) = 0;
  // Queues bytes; they leave in order. Nothing happens where the link is gone.
  virtual void Send(LinkId link, std::string bytes) = 0;
  // Bytes queued and not yet taken by the kernel.
  virtual std::size_t Unsent(LinkId link) const = 0;
  // What is queued still leaves. OnClosed does not follow.
  virtual void Close(LinkId link) = 0;
};

}  // namespace replication
