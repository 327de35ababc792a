#include "tests/simulation/simulated_network.h"

#include <algorithm>

namespace simulation {

using replication::LinkId;

std::int64_t SimulatedNetwork::Latency(NodeNumber from, NodeNumber to) {
  const std::int64_t usual = dice_.Between(least_latency_ms_, most_latency_ms_);
  const auto delay = delays_.find({from, to});
  if (delay == delays_.end() || delay->second == 0) return usual;
  return usual + dice_.Between(0, delay->second);
}

LinkId SimulatedNetwork::Dial(NodeNumber from, NodeNumber to) {
  dialled_ms_.push_back(events_.now_ms());
  const std::uint64_t id = next_connection_++;
  const LinkId link = next_link_++;
  Connection& connection = connections_[id];
  connection.ends[0] = {.node = from, .link = link, .open = true};
  connection.ends[1] = {.node = to};
  links_[link] = {id, 0};
  events_.After(Latency(from, to), [this, id, from, to] { Answer(id, from, to); });
  return link;
}

// What the dialled machine says to a new connection.
void SimulatedNetwork::Answer(std::uint64_t id, NodeNumber from, NodeNumber to) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (!connection.ends[0].open) return ForgetIfOver(id);
  if (IsCut(from, to) || IsCut(to, from) || users_[to]->frozen() || !users_[to]->answering()) {
    events_.After(kDialTimeoutMs, [this, id] {
      const auto late = connections_.find(id);
      if (late == connections_.end() || late->second.ends[1].link != 0) return;
      Arrange(late->second, 0, {}, "connecting took too long");
    });
    return;
  }
  if (!users_[to]->listening()) {
    Arrange(connection, 0, {}, "connection refused");
    return;
  }
  const LinkId link = next_link_++;
  connection.ends[1].link = link;
  connection.ends[1].open = true;
  links_[link] = {id, 1};
  // Nothing arrives there before it knows of the connection.
  connection.ends[0].last_ms = events_.now_ms() + Latency(to, from);
  events_.At(connection.ends[0].last_ms, [this, id] {
    const auto ready = connections_.find(id);
    if (ready == connections_.end() || !ready->second.ends[0].open) return;
    users_[ready->second.ends[0].node]->OnConnected(ready->second.ends[0].link);
  });
  users_[to]->OnAccepted(link);
}

void SimulatedNetwork::Arrange(Connection& connection, int end, std::string bytes,
                               std::optional<std::string> closes) {
  if (connection.believer == end) return;
  End& to = connection.ends[end];
  const std::uint64_t id = links_.at(connection.ends[0].link).first;
  const NodeNumber from = connection.ends[1 - end].node;
  to.last_ms = std::max(to.last_ms, events_.now_ms() + Latency(from, to.node));
  to.arriving_bytes += bytes.size();
  to.arriving.push_back({to.last_ms, std::move(bytes), std::move(closes)});
  events_.At(to.last_ms, [this, id, end] { Deliver(id, end); });
}

void SimulatedNetwork::Send(NodeNumber from, LinkId link, std::string bytes) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  const auto [id, own] = found->second;
  Connection& connection = connections_.at(id);
  if (!connection.ends[own].open) return;
  const int other = 1 - own;
  if (connection.believer) {
    if (connection.believer == own) connection.ends[other].arriving_bytes += bytes.size();
    return;
  }
  if (tamper_) bytes = tamper_(from, connection.ends[other].node, std::move(bytes));
  if (!connection.ends[other].open) {
    // Nobody is there any more: a running machine says so.
    if (users_[connection.ends[other].node]->answering()) {
      Arrange(connection, own, {}, "connection reset");
    }
    return;
  }
  // Sometimes in pieces that arrive at different times.
  while (bytes.size() > 1 && dice_.Chance(10)) {
    const std::size_t size = 1 + dice_.Below(bytes.size() - 1);
    Arrange(connection, other, bytes.substr(0, size), {});
    bytes.erase(0, size);
  }
  Arrange(connection, other, std::move(bytes), {});
}

std::size_t SimulatedNetwork::Unsent(LinkId link) const {
  const auto found = links_.find(link);
  if (found == links_.end()) return 0;
  const auto [id, own] = found->second;
  const std::size_t under_way = connections_.at(id).ends[1 - own].arriving_bytes;
  return under_way - std::min(under_way, kKernelBuffer);
}

void SimulatedNetwork::Deliver(std::uint64_t id, int end) {
  for (;;) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    End& to = found->second.ends[end];
    if (!to.open) {
      to.arriving.clear();
      to.arriving_bytes = 0;
      return ForgetIfOver(id);
    }
    if (to.arriving.empty() || to.arriving.front().at_ms > events_.now_ms()) return;
    if (IsCut(found->second.ends[1 - end].node, to.node) || users_[to.node]->frozen()) return;
    const Piece piece = std::move(to.arriving.front());
    to.arriving.pop_front();
    to.arriving_bytes -= piece.bytes.size();
    const LinkId link = to.link;
    NetworkUser& user = *users_[to.node];
    if (piece.closes) {
      to.open = false;
      ForgetIfOver(id);
      user.OnClosed(link, *piece.closes);
      return;
    }
    story_.Hash(piece.bytes);
    user.OnBytes(link, piece.bytes);
  }
}

void SimulatedNetwork::DeliverAll() {
  std::vector<std::uint64_t> all;
  for (const auto& [id, connection] : connections_) all.push_back(id);
  for (const std::uint64_t id : all) {
    Deliver(id, 0);
    Deliver(id, 1);
  }
}

void SimulatedNetwork::Close(LinkId link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  const auto [id, own] = found->second;
  Connection& connection = connections_.at(id);
  if (!connection.ends[own].open) return;
  connection.ends[own].open = false;
  if (connection.ends[1 - own].open) {
    Arrange(connection, 1 - own, {}, "closed by the other side");
  } else {
    ForgetIfOver(id);
  }
}

void SimulatedNetwork::ProcessEnded(NodeNumber node) {
  std::vector<LinkId> own;
  for (const auto& [id, connection] : connections_) {
    for (const End& end : connection.ends) {
      if (end.node == node && end.open) own.push_back(end.link);
    }
  }
  for (const LinkId link : own) Close(link);
}

void SimulatedNetwork::MachineStopped(NodeNumber node) {
  for (auto& [id, connection] : connections_) {
    for (End& end : connection.ends) {
      if (end.node == node) end.open = false;
    }
  }
}

void SimulatedNetwork::Thaw(NodeNumber node) {
  events_.After(0, [this, node] {
    if (!users_[node]->frozen()) DeliverAll();
  });
}

void SimulatedNetwork::ForgetIfOver(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (found->second.ends[0].open || found->second.ends[1].open) return;
  for (const End& end : found->second.ends) links_.erase(end.link);
  connections_.erase(found);
}

void SimulatedNetwork::Heal(NodeNumber from, NodeNumber to) {
  int& cuts = cuts_[{from, to}];
  cuts = std::max(0, cuts - 1);
  if (cuts == 0) DeliverAll();
}

void SimulatedNetwork::HealAll() {
  cuts_.clear();
  delays_.clear();
  DeliverAll();
}

std::vector<std::uint64_t> SimulatedNetwork::ConnectionsBetween(NodeNumber one,
                                                                NodeNumber other) const {
  std::vector<std::uint64_t> all;
  for (const auto& [id, connection] : connections_) {
    const NodeNumber from = connection.ends[0].node;
    const NodeNumber to = connection.ends[1].node;
    const bool between = (from == one && to == other) || (from == other && to == one);
    if (between && connection.ends[1].link != 0 && !connection.believer) all.push_back(id);
  }
  return all;
}

// Of what is on its way, only so many bytes arrive, and the end of the connection only if they all
// do.
void SimulatedNetwork::DropSome(End& end, std::size_t left) {
  if (left >= end.arriving_bytes) return;
  end.arriving_bytes = left;
  for (auto piece = end.arriving.begin(); piece != end.arriving.end(); ++piece) {
    if (piece->bytes.size() < left) {
      left -= piece->bytes.size();
      continue;
    }
    piece->bytes.resize(left);
    end.arriving.erase(left == 0 ? piece : piece + 1, end.arriving.end());
    return;
  }
}

// Both ends are told. Whatever they send until then comes behind that and arrives nowhere.
void SimulatedNetwork::Break(std::uint64_t id) {
  Connection& connection = connections_.at(id);
  for (int end = 0; end < 2; ++end) {
    if (connection.ends[end].open) Arrange(connection, end, {}, "connection reset");
  }
}

int SimulatedNetwork::Reset(NodeNumber one, NodeNumber other) {
  const std::vector<std::uint64_t> all = ConnectionsBetween(one, other);
  for (const std::uint64_t id : all) {
    for (End& end : connections_.at(id).ends) {
      end.arriving.clear();
      end.arriving_bytes = 0;
      end.last_ms = 0;
    }
    Break(id);
  }
  return static_cast<int>(all.size());
}

int SimulatedNetwork::BreakMidway(NodeNumber one, NodeNumber other) {
  const std::vector<std::uint64_t> all = ConnectionsBetween(one, other);
  for (const std::uint64_t id : all) {
    for (End& end : connections_.at(id).ends) {
      DropSome(end, dice_.Below(end.arriving_bytes + 1));
    }
    Break(id);
  }
  return static_cast<int>(all.size());
}

int SimulatedNetwork::LeaveHalfOpen(NodeNumber believer, NodeNumber other) {
  int left = 0;
  for (const std::uint64_t id : ConnectionsBetween(believer, other)) {
    Connection& connection = connections_.at(id);
    const int believing = connection.ends[0].node == believer ? 0 : 1;
    if (!connection.ends[0].open || !connection.ends[1].open) continue;
    for (End& end : connection.ends) {
      end.arriving.clear();
      end.arriving_bytes = 0;
    }
    Arrange(connection, 1 - believing, {}, "connection reset");
    connection.believer = believing;
    ++left;
  }
  return left;
}

}  // namespace simulation
