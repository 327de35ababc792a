// A few nodes in one thread: real replicators over a network of queues, shards of texts, and a
// clock that the test moves. Everything that crosses the network can be watched.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake_shard.h"
#include "geo-config/static_coordinator.h"
#include "replication/replicator.h"

namespace replication {

class Machines;

// What a node keeps over a restart.
struct Disk {
  std::unique_ptr<FakeShard> shard;
  bool primary = false;
  crdt::Epoch epoch = 0;
  bool began_anew = false;
  geo_config::Membership membership;
};

class Machine : public PeerNetwork, public RoleKeeper {
 public:
  Machine(Machines& all, const geo_config::RegionEntry& region, std::uint32_t ordinal)
      : all_(all),
        region_(region.id),
        region_name_(region.name),
        address_(region.nodes[ordinal]),
        nodes_in_region_(static_cast<std::uint32_t>(region.nodes.size())) {}

  std::string name() const { return address_.host; }
  crdt::RegionId region() const { return region_; }
  bool running() const { return replicator_ != nullptr; }
  Replicator& replicator() { return *replicator_; }
  FakeShard& shard() { return *disk_.shard; }
  Disk& disk() { return disk_; }
  const std::vector<std::string>& log_lines() const { return log_lines_; }
  const std::vector<std::string>& alarms() const { return alarms_; }
  // How far its wall clock is wrong.
  std::int64_t clock_error_ms = 0;
  // Its disk syncs nothing while set.
  bool sync_stalls = false;
  std::string new_directory_reason;
  bool bootstraps = false;
  // It does not list these regions in its file.
  std::set<crdt::RegionId> unlisted;
  // Nothing of who belongs to the deployment can be saved while set.
  bool keeps_nothing = false;

  // --- PeerNetwork -------------------------------------------------------------------------------
  LinkId Dial(const std::string& host, std::uint16_t port) override;
  void Send(LinkId link, std::string bytes) override;
  std::size_t Unsent(LinkId) const override { return unsent; }
  void Close(LinkId link) override;
  std::size_t unsent = 0;

  // --- RoleKeeper --------------------------------------------------------------------------------
  crdt::Result<crdt::Epoch> Lead(const geo_config::KnownEpochs& known) override {
    if (!disk_.primary || disk_.epoch == 0 || known.greatest > disk_.epoch) {
      const auto next = geo_config::NextEpoch(known, address_.ordinal, nodes_in_region_);
      if (!next) return next;
      disk_.epoch = *next;
    }
    disk_.primary = true;
    return disk_.epoch;
  }
  void Follow(crdt::Epoch) override { disk_.primary = false; }
  void BecomeWhole() override { disk_.began_anew = false; }
  std::string WhyNotLead(Told told) override {
    const bool leads = told.by_all_peers || (bootstraps && told.time_is_up && !told.refused);
    return leads ? std::string() : new_directory_reason;
  }
  crdt::Status KeepMembership(const geo_config::Membership& membership) override {
    if (keeps_nothing) return crdt::Fail(crdt::ErrorCode::kInputOutput, "the disk is broken");
    disk_.membership = membership;
    return {};
  }
  void Log(const std::string& line) override { log_lines_.push_back(line); }
  void Alarm(const std::string& line) override { alarms_.push_back(line); }

 private:
  friend class Machines;

  Machines& all_;
  crdt::RegionId region_;
  std::string region_name_;
  geo_config::NodeEntry address_;
  std::uint32_t nodes_in_region_;
  Disk disk_;
  std::unique_ptr<Replicator> replicator_;
  storage::LogPosition durable_ = 0;
  std::vector<std::string> log_lines_;
  std::vector<std::string> alarms_;
};

class Machines {
 public:
  // Names such as "eu-0" and "eu-1": a region and a place in it. Regions get their numbers in the
  // order of their first appearance.
  explicit Machines(const std::vector<std::string>& names) {
    std::uint16_t port = 7000;
    for (const std::string& name : names) {
      const std::string region = name.substr(0, name.find('-'));
      if (std::ranges::find(regions_, region) == regions_.end()) {
        regions_.push_back(region);
        options_.regions.push_back({.id = RegionNumber(region), .name = region, .nodes = {}});
      }
      auto& nodes = options_.regions[RegionNumber(region) - 1U].nodes;
      nodes.push_back({.ordinal = static_cast<std::uint32_t>(nodes.size()),
                       .host = name,
                       .port = port,
                       .peer_port = geo_config::DefaultPeerPort(port)});
      ++port;
    }
    options_.secret = "secret";
    options_.compression = Compression::kOff;
    for (const geo_config::RegionEntry& region : options_.regions) {
      for (const geo_config::NodeEntry& node : region.nodes) {
        machines_[node.host] = std::make_unique<Machine>(*this, region, node.ordinal);
      }
    }
  }

  Machine& operator[](const std::string& name) { return *machines_.at(name); }
  const geo_config::RegionEntry& Region(const std::string& region) const {
    return options_.regions[RegionNumber(region) - 1U];
  }
  // Before Start.
  ReplicatorOptions& options() { return options_; }
  const std::vector<std::string>& regions() const { return regions_; }
  crdt::RegionId RegionNumber(const std::string& region) const {
    const auto found = std::ranges::find(regions_, region);
    return static_cast<crdt::RegionId>(found - regions_.begin() + 1);
  }
  Now now() const { return {steady_ms_, kUnixStartMs + steady_ms_}; }
  Now NowAt(const Machine& machine) const {
    return {steady_ms_, kUnixStartMs + steady_ms_ + machine.clock_error_ms};
  }
  // Sees each delivery: from, to, bytes.
  std::function<void(const std::string&, const std::string&, LinkId, std::string_view)> watch;
  // Sees the end of each connection.
  std::function<void(LinkId)> watch_close;

  // --- Steps -------------------------------------------------------------------------------------
  // As after a fresh installation, or after Kill with what its disk has.
  void Start(const std::string& name, bool primary_when_new = false) {
    Machine& machine = *machines_.at(name);
    const bool began_anew = machine.disk_.shard == nullptr;
    if (began_anew) {
      machine.disk_.shard = std::make_unique<FakeShard>(log_options);
      machine.disk_.primary = primary_when_new;
      machine.durable_ = 0;
    }
    ReplicatorOptions options = options_;
    options.began_anew_before = std::exchange(machine.disk_.began_anew, began_anew);
    options.began_anew = began_anew || options.began_anew_before;
    machine.disk_.began_anew = options.began_anew;
    options.membership = machine.disk_.membership;
    std::erase_if(options.regions, [&](const geo_config::RegionEntry& region) {
      return machine.unlisted.contains(region.id);
    });
    options.self = {.deployment = "test",
                    .region = machine.region_,
                    .region_name = machine.region_name_,
                    .ordinal = machine.address_.ordinal,
                    .server_version = "1.0",
                    .log_id = "log of " + name};
    options.client_port = machine.address_.port;
    machine.replicator_ =
        std::make_unique<Replicator>(options, machine.disk_.primary, machine.disk_.epoch,
                                     *machine.disk_.shard, machine, machine, [this] {
                                       std::string nonce = std::to_string(++nonces_);
                                       nonce.resize(16, '.');
                                       return nonce;
                                     });
    machine.replicator_->Start(NowAt(machine));
  }
  void StartAll() {
    for (const auto& [name, machine] : machines_) Start(name, machine->address_.ordinal == 0);
  }
  // Ends the process; its connections break.
  void Kill(const std::string& name) {
    machines_.at(name)->replicator_.reset();
    BreakLinks([&](const Link& link) { return link.owner == name || link.other == name; });
  }
  // The process is there and its connections are open, but it does nothing.
  void Freeze(const std::string& name) { frozen_.insert(name); }
  void Thaw(const std::string& name) {
    frozen_.erase(name);
    events_.insert(events_.end(), held_.begin(), held_.end());
    held_.clear();
  }
  void Cut(const std::string& one, const std::string& other) {
    cuts_.insert({std::min(one, other), std::max(one, other)});
    BreakLinks([&](const Link& link) {
      return (link.owner == one && link.other == other) ||
             (link.owner == other && link.other == one);
    });
  }
  void Heal() { cuts_.clear(); }
  // A client's write at a primary, stamped with its clock.
  crdt::Stamp Write(const std::string& name, const std::string& text) {
    Machine& machine = *machines_.at(name);
    EXPECT_TRUE(machine.replicator_->primary()) << name;
    const crdt::Writer writer(machine.region_, machine.replicator_->epoch());
    crdt::Stamp stamp = crdt::Stamp::At(static_cast<std::uint64_t>(NowAt(machine).unix_ms), writer);
    for (const crdt::Stamp seen : machine.disk_.shard->floor().entries()) {
      const auto ticks = (seen.value() >> crdt::Stamp::kWriterBits) + 1;
      const crdt::Stamp after =
          crdt::Stamp::FromValue(ticks << crdt::Stamp::kWriterBits | writer.bits());
      stamp = std::max(stamp, after);
    }
    machine.disk_.shard->Write(stamp, text);
    return stamp;
  }
  // Lets time pass in steps, each delivering all that is under way.
  void Run(std::int64_t ms) {
    for (const std::int64_t end = steady_ms_ + ms; steady_ms_ < end;) {
      steady_ms_ += kStepMs;
      for (const auto& [name, machine] : machines_) {
        if (Runs(*machine)) machine->replicator_->OnTick(NowAt(*machine));
      }
      Settle();
    }
  }
  // Delivers what is under way and its consequences; time stands still.
  void Settle() {
    for (int turn = 0; turn < kMostTurns; ++turn) {
      for (const auto& [name, machine] : machines_) {
        if (Runs(*machine)) EndOfTurn(*machine);
      }
      const bool compares = std::ranges::any_of(machines_, [this](const auto& entry) {
        return Runs(*entry.second) && entry.second->replicator_->has_work();
      });
      if (events_.empty() && !compares) return;
      Deliver();
    }
    ADD_FAILURE() << "the machines never come to rest";
  }
  // Bytes from a connection that is no machine's: an attacker or a broken peer.
  LinkId Connect(const std::string& name) {
    const LinkId link = ++last_link_;
    links_[link] = {.owner = name, .other = "stranger", .twin = 0};
    machines_.at(name)->replicator_->OnAccepted(link, now());
    return link;
  }
  void Say(const std::string& name, LinkId link, std::string_view bytes) {
    machines_.at(name)->replicator_->OnBytes(link, bytes, now());
  }
  bool IsOpen(LinkId link) const { return links_.contains(link); }
  // Whether the owner of this end follows the log of the other.
  bool Follows(LinkId link) const {
    const auto found = links_.find(link);
    if (found == links_.end()) return false;
    const Machine& owner = *machines_.at(found->second.owner);
    const Machine& other = *machines_.at(found->second.other);
    return owner.region() == other.region() && !owner.replicator_->primary();
  }
  // What `name` said to a stranger.
  std::string said_to_stranger;

  storage::LogOptions log_options;  // Of new shards.
  bool without_fsync = false;       // appendfsync no.

 private:
  friend class Machine;
  static constexpr std::int64_t kUnixStartMs = 1'800'000'000'000;
  static constexpr std::int64_t kStepMs = 50;
  static constexpr int kMostTurns = 5000;

  struct Link {
    std::string owner;
    std::string other;
    LinkId twin = 0;  // The other end.
  };
  using Event = std::function<void()>;

  bool Runs(const Machine& machine) const {
    return machine.running() && !frozen_.contains(machine.name());
  }
  void EndOfTurn(Machine& machine) {
    FakeShard& shard = *machine.disk_.shard;
    ASSERT_TRUE(shard.log().WriteOut().has_value());
    if (!machine.sync_stalls) machine.durable_ = shard.log().written();
    const crdt::Writer writer(machine.region_, machine.replicator_->epoch());
    machine.replicator_->EndOfTurn(
        {.written = shard.log().written(),
         .durable = machine.durable_,
         .written_is_enough = without_fsync,
         .clock = crdt::Stamp::At(static_cast<std::uint64_t>(NowAt(machine).unix_ms - 1), writer)},
        NowAt(machine));
  }
  void Deliver() {
    // What is sent meanwhile waits for the next turn.
    std::deque<Event> due = std::exchange(events_, {});
    for (const Event& event : due) event();
  }
  bool Reachable(const std::string& one, const std::string& other) const {
    return machines_.at(other)->running() &&
           !cuts_.contains({std::min(one, other), std::max(one, other)});
  }
  void Closed(LinkId link, const std::string& reason) {
    const auto found = links_.find(link);
    if (found == links_.end()) return;
    Machine& owner = *machines_.at(found->second.owner);
    links_.erase(found);
    if (watch_close) watch_close(link);
    if (owner.running()) owner.replicator_->OnClosed(link, reason, NowAt(owner));
  }
  void BreakLinks(const std::function<bool(const Link&)>& which) {
    std::vector<LinkId> broken;
    for (const auto& [id, link] : links_) {
      if (which(link)) broken.push_back(id);
    }
    for (const LinkId id : broken) Closed(id, "connection reset");
  }

  ReplicatorOptions options_;
  std::vector<std::string> regions_;
  std::map<std::string, std::unique_ptr<Machine>> machines_;
  std::map<LinkId, Link> links_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::deque<Event> events_;
  std::set<std::string> frozen_;
  std::deque<Event> held_;  // For those that are frozen.
  std::int64_t steady_ms_ = 0;
  LinkId last_link_ = 0;
  int nonces_ = 0;
};

inline LinkId Machine::Dial(const std::string& host, std::uint16_t) {
  const LinkId mine = ++all_.last_link_;
  const LinkId theirs = ++all_.last_link_;
  all_.events_.push_back([this, host, mine, theirs] {
    if (!running()) return;
    if (!all_.Reachable(name(), host)) {
      replicator_->OnClosed(mine, "connection refused", all_.NowAt(*this));
      return;
    }
    Machine& other = *all_.machines_.at(host);
    all_.links_[mine] = {.owner = name(), .other = host, .twin = theirs};
    all_.links_[theirs] = {.owner = host, .other = name(), .twin = mine};
    other.replicator_->OnAccepted(theirs, all_.NowAt(other));
    replicator_->OnConnected(mine, all_.NowAt(*this));
  });
  return mine;
}

inline void Machine::Send(LinkId link, std::string bytes) {
  const auto found = all_.links_.find(link);
  if (found == all_.links_.end()) return;
  if (found->second.twin == 0) {
    all_.said_to_stranger += bytes;
    return;
  }
  const LinkId twin = found->second.twin;
  const std::string to = found->second.other;
  const auto arrive = [this, twin, to, bytes = std::move(bytes)] {
    Machine& other = *all_.machines_.at(to);
    if (!all_.links_.contains(twin) || !other.running()) return;
    if (all_.watch) all_.watch(name(), to, twin, bytes);
    other.replicator_->OnBytes(twin, bytes, all_.NowAt(other));
  };
  all_.events_.push_back(
      [this, to, arrive] { all_.frozen_.contains(to) ? all_.held_.push_back(arrive) : arrive(); });
}

inline void Machine::Close(LinkId link) {
  const auto found = all_.links_.find(link);
  if (found == all_.links_.end()) return;
  const LinkId twin = found->second.twin;
  all_.links_.erase(found);
  if (all_.watch_close) all_.watch_close(link);
  all_.events_.push_back([this, twin] { all_.Closed(twin, "end of file"); });
}

}  // namespace replication
