// Connections between simulated nodes, with the manners of TCP: bytes arrive in order and in
// pieces, late or not at all; a connection may break at any time and takes along what was under
// way.
//
// A cut stops one direction between two machines. What is sent meanwhile waits, as the kernel would
// send it again, and arrives when the cut is healed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "replication/network.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/story.h"

namespace simulation {

using NodeNumber = int;

// What the network tells a node, as Asio's handlers do.
class NetworkUser {
 public:
  virtual ~NetworkUser() = default;
  // Its process runs and can be connected to.
  virtual bool listening() const = 0;
  // Its machine runs, whether the process does or not.
  virtual bool answering() const = 0;
  // Its process stands still: nothing is taken from the kernel.
  virtual bool frozen() const = 0;
  virtual void OnConnected(replication::LinkId link) = 0;
  virtual void OnAccepted(replication::LinkId link) = 0;
  virtual void OnBytes(replication::LinkId link, std::string_view bytes) = 0;
  virtual void OnClosed(replication::LinkId link, const std::string& reason) = 0;
};

class SimulatedNetwork {
 public:
  SimulatedNetwork(EventQueue& events, Story& story, Dice dice)
      : events_(events), story_(story), dice_(dice) {}

  // The nodes in the order of their numbers; host names are "n" and the number.
  void SetUsers(std::vector<NetworkUser*> users) { users_ = std::move(users); }
  // A planted fault may change what is sent.
  using Tamper = std::function<std::string(NodeNumber from, NodeNumber to, std::string bytes)>;
  void SetTamper(Tamper tamper) { tamper_ = std::move(tamper); }

  // --- For nodes ---------------------------------------------------------------------------------
  replication::LinkId Dial(NodeNumber from, NodeNumber to);
  void Send(NodeNumber from, replication::LinkId link, std::string bytes);
  std::size_t Unsent(replication::LinkId link) const;
  void Close(replication::LinkId link);
  // Its kernel closes what the process had open; what it had sent still arrives.
  void ProcessEnded(NodeNumber node);
  // Nobody is told. Who goes on sending learns it when the machine answers again.
  void MachineStopped(NodeNumber node);
  // The process goes on after it was frozen.
  void Thaw(NodeNumber node);

  // --- Faults ------------------------------------------------------------------------------------
  void Cut(NodeNumber from, NodeNumber to) { ++cuts_[{from, to}]; }
  void Heal(NodeNumber from, NodeNumber to);
  void HealAll();
  // Breaks the connections between two nodes; a number of how many. What was under way is lost.
  int Reset(NodeNumber one, NodeNumber other);
  // The same, and of what was under way a part still arrives, which may end within a frame.
  int BreakMidway(NodeNumber one, NodeNumber other);
  // Their connections end at `other` only: `believer` is told nothing, and what it sends vanishes.
  int LeaveHalfOpen(NodeNumber believer, NodeNumber other);
  // What is sent in this direction takes up to so much longer; 0: no longer.
  void Delay(NodeNumber from, NodeNumber to, std::int64_t most_ms) {
    delays_[{from, to}] = most_ms;
  }
  // When connections were begun.
  const std::vector<std::int64_t>& dialled_ms() const { return dialled_ms_; }
  void SetLatency(std::int64_t least_ms, std::int64_t most_ms) {
    least_latency_ms_ = least_ms;
    most_latency_ms_ = most_ms;
  }

 private:
  static constexpr std::int64_t kDialTimeoutMs = 2000;
  // What a kernel keeps of a connection that does not move.
  static constexpr std::size_t kKernelBuffer = 64 << 10;

  struct Piece {
    std::int64_t at_ms;
    std::string bytes;
    std::optional<std::string> closes;  // The end of the connection and its reason.
  };
  // One end of a connection and what is on its way to it.
  struct End {
    NodeNumber node = 0;
    replication::LinkId link = 0;
    bool open = false;  // The process holds it.
    std::deque<Piece> arriving;
    std::int64_t last_ms = 0;
    std::size_t arriving_bytes = 0;
  };
  struct Connection {
    End ends[2];  // Who dialled, who was dialled.
    // The end that takes a connection for alive whose other end is gone: nothing reaches it, and
    // what it sends fills its kernel's buffer.
    std::optional<int> believer;
  };

  bool IsCut(NodeNumber from, NodeNumber to) const {
    const auto found = cuts_.find({from, to});
    return found != cuts_.end() && found->second > 0;
  }
  std::int64_t Latency(NodeNumber from, NodeNumber to);
  void Arrange(Connection& connection, int end, std::string bytes,
               std::optional<std::string> closes);
  void Deliver(std::uint64_t connection, int end);
  void DeliverAll();
  std::vector<std::uint64_t> ConnectionsBetween(NodeNumber one, NodeNumber other) const;
  void Break(std::uint64_t id);
  static void DropSome(End& end, std::size_t left);
  void ForgetIfOver(std::uint64_t id);
  void Answer(std::uint64_t id, NodeNumber from, NodeNumber to);

  EventQueue& events_;
  Story& story_;
  Dice dice_;
  Tamper tamper_;
  std::vector<NetworkUser*> users_;
  std::int64_t least_latency_ms_ = 1;
  std::int64_t most_latency_ms_ = 3;
  std::map<std::pair<NodeNumber, NodeNumber>, int> cuts_;
  std::map<std::pair<NodeNumber, NodeNumber>, std::int64_t> delays_;
  std::map<std::uint64_t, Connection> connections_;
  // Link → connection and which end.
  std::map<replication::LinkId, std::pair<std::uint64_t, int>> links_;
  std::uint64_t next_connection_ = 1;
  replication::LinkId next_link_ = 1;
  std::vector<std::int64_t> dialled_ms_;
};

// One process's share of the network.
class SimulatedPeers : public replication::PeerNetwork {
 public:
  SimulatedPeers(SimulatedNetwork& network, NodeNumber node) : network_(network), node_(node) {}

  replication::LinkId Dial(const std::string& host, std::uint16_t) override {
    return network_.Dial(node_, std::stoi(host.substr(1)));
  }
  void Send(replication::LinkId link, std::string bytes) override {
    if (!silent_) network_.Send(node_, link, std::move(bytes));
  }
  // Nothing leaves the process any more.
  void Silence(bool silent) { silent_ = silent; }
  std::size_t Unsent(replication::LinkId link) const override { return network_.Unsent(link); }
  void Close(replication::LinkId link) override { network_.Close(link); }

 private:
  SimulatedNetwork& network_;
  NodeNumber node_;
  bool silent_ = false;
};

}  // namespace simulation
