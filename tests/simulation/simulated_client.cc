#include "tests/simulation/simulated_client.h"

#include <algorithm>
#include <set>

namespace simulation {

namespace {

std::string Joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + (word.size() > 40 ? word.substr(0, 40) + "…" : word);
  }
  return text;
}

}  // namespace

void SimulatedClient::Fail(const Sent& sent, const std::string& what) const {
  throw Violation(name_ + " at " + own_[at_]->name() + ", " + Joined(sent.words) + ": " + what);
}

void SimulatedClient::Act() {
  const std::int64_t now = world_.events.now_ms();
  if (connection_ != 0 && !sent_.empty() && now > deadline_ms_) return GoElsewhere();
  if (now < next_ms_ || own_[at_]->frozen()) return;
  if (connection_ == 0) return Connect();
  if (!sent_.empty() && to_send_.empty()) return;
  if (sent_.empty() && to_send_.empty()) {
    if (dice_.Chance(15)) return SendOwn();
    for (Words& words : workload_.Next()) to_send_.push_back(std::move(words));
  }
  SendMore();
}

void SimulatedClient::Connect() {
  if (dice_.Chance(30)) at_ = dice_.Below(own_.size());
  connection_ = own_[at_]->Connect(*this);
  if (connection_ == 0) return GoElsewhere();
  ++connections_;
  own_writes_ = 0;
  own_written_.clear();
}

// Read your writes: nobody else writes this key, and the connection stays at one process.
void SimulatedClient::SendOwn() {
  Send({"SET", OwnKey(), std::to_string(++own_writes_)});
  if (connection_ == 0) return;
  Send({"GET", OwnKey()});
  if (connection_ != 0 && !sent_.empty()) sent_.back().is_own_read = true;
}

void SimulatedClient::SendMore() {
  while (!to_send_.empty() && connection_ != 0) {
    const server::ClientSession* session = own_[at_]->SessionOf(connection_);
    if (session == nullptr || session->waiting) return;
    const Words words = std::move(to_send_.front());
    to_send_.pop_front();
    Send(words);
  }
}

void SimulatedClient::Send(const Words& words) {
  SimulatedNode& node = *own_[at_];
  ++commands_;
  if (sent_.empty()) deadline_ms_ = world_.events.now_ms() + patience_ms_;
  sent_.push_back({.words = words});
  node.Execute(connection_, words);
  const server::ClientSession& session = *node.SessionOf(connection_);
  Sent& sent = sent_.back();
  sent.floor = node.node().floor();
  sent.last_write = session.last_stamp;
  sent.synced =
      node.config().appendonly && node.config().appendfsync == geo_config::FsyncPolicy::kAlways;
  node.AfterCommands();
}

void SimulatedClient::OnReply(std::string_view bytes) {
  replies_ += bytes;
  std::string_view rest = replies_;
  while (auto reply = TakeReply(rest)) {
    if (sent_.empty()) throw Violation(name_ + " got a reply to nothing");
    const Sent sent = std::move(sent_.front());
    sent_.pop_front();
    Check(sent, *reply);
    deadline_ms_ = world_.events.now_ms() + patience_ms_;
    if (reply->is_error() &&
        (reply->text.starts_with("READONLY") || reply->text.starts_with("MISCONF"))) {
      return GoElsewhere();
    }
  }
  replies_.erase(0, replies_.size() - rest.size());
  next_ms_ = world_.events.now_ms() + dice_.Between(0, most_pause_ms_);
}

void SimulatedClient::Check(const Sent& sent, const Reply& reply) {
  ++acknowledged_;
  SimulatedNode& node = *own_[at_];
  if (world_.story.aloud()) {
    world_.story.Tell(name_ + " at " + node.name() + ": " + Joined(sent.words) + " → " +
                      (reply.kind == '*' ? std::to_string(reply.elements.size()) + " elements"
                                         : reply.text.substr(0, 60)));
  }
  if (node.config().appendonly) world_.promises.OnReplied(node.number(), sent.floor, sent.synced);
  if (reply.is_error()) return;
  answered_ms_.push_back(world_.events.now_ms());
  if (sent.words[0] == "SET" && sent.words[1] == OwnKey()) own_written_ = sent.words[2];
  // FLUSHALL takes it, and the first write may have been refused.
  if (sent.is_own_read && reply.kind != '0' && reply.text != own_written_) {
    Fail(sent, "showed " + reply.text + " instead of its own write " + own_written_);
  }
  if (sent.words[0] == "WAIT") CheckWait(sent, reply.number);
  if (sent.words[0] == "WAITAOF") CheckFsyncWait(sent, reply);
  if (sent.words[0] == "REGION" && sent.words[1] == "WAIT") CheckRegionWait(sent, reply.number);
}

void SimulatedClient::CheckWait(const Sent& sent, std::int64_t replicas) {
  const auto have = std::ranges::count_if(own_, [&](const SimulatedNode* node) {
    return node != own_[at_] && world_.history.ever(node->number()).Covers(sent.last_write);
  });
  if (replicas > have) {
    Fail(sent,
         "counted " + std::to_string(replicas) + " replicas, " + std::to_string(have) + " have it");
  }
}

void SimulatedClient::CheckFsyncWait(const Sent& sent, const Reply& reply) {
  const std::int64_t local = reply.elements.at(0).number;
  const std::int64_t replicas = reply.elements.at(1).number;
  const NodeNumber here = own_[at_]->number();
  if (local == 1 && !world_.history.synced(here).Covers(sent.last_write)) {
    Fail(sent, "said that the write is on the disk here");
  }
  const auto have = std::ranges::count_if(own_, [&](const SimulatedNode* node) {
    return node != own_[at_] && world_.history.ever_synced(node->number()).Covers(sent.last_write);
  });
  if (replicas > have) {
    Fail(sent, "counted " + std::to_string(replicas) + " replicas' disks, " + std::to_string(have) +
                   " have it");
  }
  if (local == 1) world_.promises.OnDurableHere(here, sent.last_write);
  if (replicas > 0) PromiseElsewhere(sent.last_write, /*in_own_region=*/true);
}

void SimulatedClient::CheckRegionWait(const Sent& sent, std::int64_t regions) {
  std::set<crdt::RegionId> have;
  for (const SimulatedNode* node : all_) {
    const bool on_disk = world_.history.ever_synced(node->number()).Covers(sent.last_write);
    const bool lax = node->config().appendfsync == geo_config::FsyncPolicy::kNo;
    const bool in_kernel = lax && world_.history.ever(node->number()).Covers(sent.last_write);
    if (node->config().region == own_[at_]->config().region || !(on_disk || in_kernel)) continue;
    have.insert(node->config().region);
  }
  if (regions > static_cast<std::int64_t>(have.size())) {
    Fail(sent, "counted " + std::to_string(regions) + " regions, " + std::to_string(have.size()) +
                   " have it durably");
  }
  if (regions > 0) PromiseElsewhere(sent.last_write, /*in_own_region=*/false);
}

// Whatever other disk has it now.
void SimulatedClient::PromiseElsewhere(crdt::Stamp stamp, bool in_own_region) {
  Promises::Disks disks;
  for (const SimulatedNode* node : all_) {
    const bool own = node->config().region == region();
    if (node == own_[at_] || own != in_own_region) continue;
    if (world_.history.synced(node->number()).Covers(stamp)) {
      disks.set(static_cast<std::size_t>(node->number()));
    }
  }
  world_.promises.OnDurableSomewhere(stamp, disks);
}

void SimulatedClient::GoElsewhere() {
  if (connection_ != 0) own_[at_]->Disconnect(connection_);
  OnDisconnected();
  at_ = (at_ + 1) % own_.size();
}

void SimulatedClient::OnDisconnected() {
  connection_ = 0;
  sent_.clear();
  to_send_.clear();
  replies_.clear();
  next_ms_ = world_.events.now_ms() + dice_.Between(5, 120);
}

void SimulatedClient::Leave() {
  if (connection_ != 0) own_[at_]->Disconnect(connection_);
  OnDisconnected();
}

}  // namespace simulation
