#include "replication/peer_link.h"

#include <utility>

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;
using storage::LogPosition;

void PeerLink::Queue(const Message& message) {
  std::string frame = EncodeFrame(message, compression_);
  bytes_sent_ += frame.size();
  if (output_.empty()) {
    output_ = std::move(frame);
  } else {
    output_ += frame;
  }
}

Result<PeerLink::Events> PeerLink::OnBytes(std::string_view bytes, const TellState& own,
                                           ReplicatedShard& shard, std::int64_t now_ms) {
  heard_ms_ = now_ms;
  bytes_received_ += bytes.size();
  reader_.Append(bytes);
  Events events;
  for (;;) {
    auto payload = reader_.Next(established() ? kMaxFrame : kMaxGreetingFrame);
    if (!payload) return std::unexpected(payload.error());
    if (!*payload) return events;
    Result<Message> message = DecodeMessage(**payload);
    if (!message) return std::unexpected(message.error());
    if (Status taken = OnMessage(*message, own, shard, events); !taken) {
      return std::unexpected(taken.error());
    }
  }
}

Status PeerLink::OnMessage(Message& message, const TellState& own, ReplicatedShard& shard,
                           Events& events) {
  if (const auto* refusal = std::get_if<Refusal>(&message)) {
    return Fail(ErrorCode::kRefused, "the other side refuses: " + refusal->reason);
  }
  if (const auto* hello = std::get_if<Hello>(&message)) {
    Result<Proof> proof = handshake_.OnHello(*hello);
    if (!proof) return std::unexpected(proof.error());
    Queue(*proof);
    return {};
  }
  if (const auto* proof = std::get_if<Proof>(&message)) {
    if (Status proved = handshake_.OnProof(*proof); !proved) return proved;
    Queue(own());
    return {};
  }
  if (const auto* state = std::get_if<NodeState>(&message); state != nullptr && proved()) {
    state_ = *state;
    events.state_changed = true;
    events.established = !established_;
    established_ = true;
    return {};
  }
  if (!established()) return Fail(ErrorCode::kRefused, "a message before the greeting is over");

  if (auto* records = std::get_if<Records>(&message)) {
    return gate_ == nullptr ? Status() : gate_->OnRecords(*records);
  }
  if (const auto* acknowledgement = std::get_if<Acknowledgement>(&message)) {
    if (acknowledgement->stream != subscribed_.stream) return {};
    if (outgoing_ != nullptr) outgoing_->OnConsumed(acknowledgement->consumed);
    acknowledged_ = *acknowledgement;
    events.acknowledged = true;
    return {};
  }
  if (const auto* heartbeat = std::get_if<Heartbeat>(&message)) {
    heartbeat_ = *heartbeat;
    state_ = heartbeat->state;
    events.heartbeat = true;
    events.state_changed = true;
    return {};
  }
  if (const auto* subscribe = std::get_if<Subscribe>(&message)) {
    return OnSubscribe(*subscribe, shard);
  }
  if (const auto* start = std::get_if<StreamStart>(&message)) {
    return gate_ == nullptr ? Status() : gate_->OnStart(*start);
  }
  if (const auto* part = std::get_if<RecordPart>(&message)) {
    return gate_ == nullptr ? Status() : gate_->OnPart(*part);
  }
  if (const auto* state = std::get_if<LinkState>(&message)) {
    paused_there_ = state->paused;
    events.pause_changed = true;
    return {};
  }
  const auto is_current = [this](std::uint64_t stream) {
    return gate_ != nullptr && gate_->request().stream == stream;
  };
  if (const auto* start = std::get_if<JoinStart>(&message)) {
    if (!is_current(start->stream)) return {};
    if (!handshake_.same_region()) {
      return Fail(ErrorCode::kCorrupt, "whole partitions that were not asked for");
    }
    gate_->OnJoin();
    join_receiver_ = std::make_unique<JoinReceiver>(*start);
    return {};
  }
  if (join_receiver_ == nullptr) return {};
  if (const auto* entries = std::get_if<JoinEntries>(&message)) {
    return is_current(entries->stream) ? join_receiver_->OnEntries(*entries) : Status();
  }
  if (const auto* end = std::get_if<JoinPartitionEnd>(&message)) {
    return is_current(end->stream) ? join_receiver_->OnPartitionEnd(*end, shard) : Status();
  }
  if (const auto* end = std::get_if<JoinEnd>(&message)) {
    if (!is_current(end->stream)) return {};
    Status ended = join_receiver_->OnEnd(shard);
    join_receiver_.reset();
    events.joined = true;
    return ended;
  }
  return {};
}

Status PeerLink::OnSubscribe(const Subscribe& subscribe, ReplicatedShard& shard) {
  subscribed_ = subscribe;
  follower_ = subscribe.follow;
  acknowledged_ = {};
  outgoing_.reset();
  join_sender_.reset();
  std::optional<storage::LogCursor> cursor = shard.log().CursorFor(subscribe.have);
  if (cursor && !subscribe.whole) {
    outgoing_ = std::make_unique<OutgoingStream>(subscribe, *std::move(cursor));
    return {};
  }
  // Within a region whoever lacks what a log has let go of gets the whole state: a replica, and a
  // primary that has lost its own or fetches what an unfinished join has left.
  if (!handshake_.same_region()) {
    return Fail(ErrorCode::kRefused,
                "this node's log does not reach back to what the other region lacks");
  }
  SendJoin(shard);
  return {};
}

void PeerLink::SendJoin(ReplicatedShard& shard) {
  outgoing_.reset();
  join_sender_ = std::make_unique<JoinSender>(subscribed_.stream, shard.log().CursorAtEnd());
}

Status PeerLink::Deliver(ReplicatedShard& shard, std::optional<std::int64_t> latest_unix_ms) {
  if (gate_ == nullptr || joining() || paused()) return {};
  return gate_->Deliver(shard, latest_unix_ms);
}

void PeerLink::NoteProgress(std::int64_t now_ms) {
  const bool waits = gate_ != nullptr && gate_->waiting() > 0 && !gate_->held_for_time() &&
                     !joining() && !paused() && gate_->consumed() == moved_to_;
  if (waits) return;
  moved_ms_ = now_ms;
  moved_to_ = gate_ == nullptr ? 0 : gate_->consumed();
}

void PeerLink::SubscribeTo(Subscribe request) {
  request.window = kWindow;
  request.stream = next_stream_++;
  Queue(request);
  gate_ = std::make_unique<CausalGate>(std::move(request));
  moved_to_ = kNowhere;
  join_receiver_.reset();
  told_consumed_ = 0;
  told_applied_ = 0;
  told_durable_ = 0;
}

void PeerLink::AcknowledgeFollow(LogPosition durable) {
  if (gate_ == nullptr) return;
  if (gate_->consumed() == told_consumed_ && gate_->applied_position() == told_applied_ &&
      durable == told_durable_) {
    return;
  }
  told_consumed_ = gate_->consumed();
  told_applied_ = gate_->applied_position();
  told_durable_ = durable;
  Queue(Acknowledgement{.stream = gate_->request().stream,
                        .consumed = told_consumed_,
                        .applied_position = told_applied_,
                        .durable_position = told_durable_});
}

void PeerLink::AcknowledgeRegion(const crdt::VersionVector& applied,
                                 const crdt::VersionVector& durable) {
  if (gate_ == nullptr) return;
  if (gate_->consumed() == told_consumed_ && applied == told_applied_vector_ &&
      durable == told_durable_vector_) {
    return;
  }
  told_consumed_ = gate_->consumed();
  told_applied_vector_ = applied;
  told_durable_vector_ = durable;
  Queue(Acknowledgement{.stream = gate_->request().stream,
                        .consumed = told_consumed_,
                        .applied = applied,
                        .durable = durable});
}

Status PeerLink::Pump(ReplicatedShard& shard, LogPosition limit) {
  if (paused() || !established()) return {};
  std::vector<Message> messages;
  if (join_sender_ != nullptr) {
    // One partition a turn: the shard goes on serving between them.
    const bool more = join_sender_->Pump(shard, messages);
    if (!more) {
      // What it has now; else it would get all again when this node's own log jumps to there.
      subscribed_.have.Merge(join_sender_->cursor().floor());
      outgoing_ = std::make_unique<OutgoingStream>(subscribed_, join_sender_->cursor());
      join_sender_.reset();
    }
  } else if (outgoing_ != nullptr) {
    if (Status pumped = outgoing_->Pump(shard.log(), limit, messages); !pumped) return pumped;
    if (outgoing_->needs_join()) {
      if (!handshake_.same_region()) {
        outgoing_.reset();
        return Fail(ErrorCode::kRefused,
                    "this node's log does not hold single records that far back");
      }
      SendJoin(shard);
    }
  }
  for (const Message& message : messages) Queue(message);
  return {};
}

void PeerLink::SetPausedHere(bool paused) {
  if (paused_here_ == paused) return;
  paused_here_ = paused;
  if (established()) Queue(LinkState{paused});
}

}  // namespace replication
