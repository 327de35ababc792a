// A client of one region: finds the primary, sends commands, and checks what it was told.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/reply.h"
#include "tests/simulation/run_plan.h"
#include "tests/simulation/simulated_node.h"
#include "tests/simulation/workload.h"

namespace simulation {

class SimulatedClient : public ClientEnd {
 public:
  // `all` are the nodes of the deployment; `own` those of the client's region.
  SimulatedClient(World world, std::string name, const std::vector<SimulatedNode*>& all,
                  std::vector<SimulatedNode*> own, const ClientPlan& plan, Dice dice)
      : world_(world),
        name_(std::move(name)),
        all_(all),
        own_(std::move(own)),
        most_pause_ms_(plan.most_pause_ms),
        patience_ms_(plan.patience_ms),
        workload_(plan.workload, dice.Split()),
        dice_(dice) {}

  // Does what is due at this time.
  void Act();
  void Leave();
  std::uint64_t commands() const { return commands_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  crdt::RegionId region() const { return own_[0]->config().region; }
  // When it was answered something other than an error.
  const std::vector<std::int64_t>& answered_ms() const { return answered_ms_; }

  void OnReply(std::string_view bytes) override;
  void OnDisconnected() override;

 private:
  // A command whose reply is to come.
  struct Sent {
    Words words;
    crdt::VersionVector floor;  // Of the node, right after it.
    crdt::Stamp last_write;     // Of the connection, then.
    bool synced = false;        // The node syncs before it answers.
    bool is_own_read = false;
  };

  void Connect();
  void SendMore();
  void SendOwn();
  void Send(const Words& words);
  void Check(const Sent& sent, const Reply& reply);
  void CheckWait(const Sent& sent, std::int64_t replicas);
  void CheckFsyncWait(const Sent& sent, const Reply& reply);
  void CheckRegionWait(const Sent& sent, std::int64_t regions);
  void PromiseElsewhere(crdt::Stamp stamp, bool in_own_region);
  void GoElsewhere();
  std::string OwnKey() const { return "own:" + name_ + ":" + std::to_string(connections_); }
  [[noreturn]] void Fail(const Sent& sent, const std::string& what) const;

  World world_;
  std::string name_;
  const std::vector<SimulatedNode*>& all_;
  std::vector<SimulatedNode*> own_;
  std::int64_t most_pause_ms_;
  std::int64_t patience_ms_;
  Workload workload_;
  Dice dice_;
  std::size_t at_ = 0;  // Of `own_`: where it is connected or tries next.
  std::uint64_t connection_ = 0;
  std::uint64_t connections_ = 0;
  std::deque<Words> to_send_;
  std::deque<Sent> sent_;
  std::string replies_;
  std::int64_t next_ms_ = 0;
  std::int64_t deadline_ms_ = 0;
  std::uint64_t own_writes_ = 0;
  std::string own_written_;  // The last that was answered.
  std::uint64_t commands_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::vector<std::int64_t> answered_ms_;
};

}  // namespace simulation
