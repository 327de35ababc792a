#include "replication/peer_link.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/key_location.h"

namespace replication {

using crdt::ErrorCode;
using crdt::Fail;
using crdt::Result;
using crdt::Status;
using storage::LogPosition;

namespace {

// So many partitions were transferred since then, and others need not be.
JoinProgress ProgressOf(int transferred, int left_out, std::uint64_t bytes,
                        std::optional<std::int64_t> since_ms, std::int64_t now_ms) {
  JoinProgress progress{.partitions = transferred + left_out, .bytes = bytes, .seconds_left = {}};
  if (transferred > 0 && since_ms) {
    const int left = storage::kPartitions - progress.partitions;
    progress.seconds_left = (now_ms - *since_ms) * left / transferred / 1000;
  }
  return progress;
}

// Whether anything that is not here already is stamped later.
bool StampedAfter(const crdt::VersionVector& vector, std::int64_t latest_unix_ms,
                  const crdt::VersionVector& here) {
  return std::ranges::any_of(vector.entries(), [&](crdt::Stamp stamp) {
    return static_cast<std::int64_t>(stamp.unix_ms()) > latest_unix_ms && !here.Covers(stamp);
  });
}

}  // namespace

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
                                           ReplicatedShard& shard, Times now) {
  heard_ms_ = now.steady_ms;
  bytes_received_ += bytes.size();
  reader_.Append(bytes);
  Events events;
  for (;;) {
    auto payload = reader_.Next(established() ? kMaxFrame : kMaxGreetingFrame);
    if (!payload) return std::unexpected(payload.error());
    if (!*payload) return events;
    Result<Message> message = DecodeMessage(**payload);
    if (!message) return std::unexpected(message.error());
    if (Status taken = OnMessage(*message, own, shard, now.latest_unix_ms, events); !taken) {
      return std::unexpected(taken.error());
    }
  }
}

Status PeerLink::OnMessage(Message& message, const TellState& own, ReplicatedShard& shard,
                           std::int64_t latest_unix_ms, Events& events) {
  if (const auto* refusal = std::get_if<Refusal>(&message)) {
    refused_ = true;
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
    NotePeerHas(state_.floor);
    events.state_changed = true;
    events.established |= !established_;
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
    NotePeerHas(state_.floor);
    ++told_since_need_;
    events.heartbeat = true;
    events.state_changed = true;
    return {};
  }
  if (const auto* subscribe = std::get_if<Subscribe>(&message)) {
    OnSubscribe(*subscribe, shard);
    return {};
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
  if (auto* request = std::get_if<DigestRequest>(&message)) {
    if (!answers_.empty() && answers_.front().comparison() != request->comparison) {
      answers_.clear();
    }
    if (answers_.size() == kMostAnswers) {
      return Fail(ErrorCode::kTooLarge, "more is asked for at once than a comparison asks for");
    }
    answers_.emplace_back(std::move(*request));
    return {};
  }
  if (auto* reply = std::get_if<DigestReply>(&message)) {
    events.digests.push_back(std::move(*reply));
    return {};
  }
  const auto is_current = [this](std::uint64_t stream) {
    return gate_ != nullptr && gate_->request().stream == stream;
  };
  if (auto* sums = std::get_if<PartitionSums>(&message)) {
    if (join_sender_ == nullptr || subscribed_.stream != sums->stream) return {};
    return join_sender_->OnSums(std::move(*sums));
  }
  if (const auto* start = std::get_if<JoinStart>(&message)) {
    if (!is_current(start->stream)) return {};
    gate_->OnJoin();
    // Of one that goes on the floor is what this side has said of itself.
    if (!start->goes_on) NotePeerHas(start->floor);
    join_receiver_ = std::make_unique<JoinReceiver>(*start, gate_->request());
    told_consumed_ = 0;
    events.join_began = true;
    return {};
  }
  if (join_receiver_ == nullptr) return {};
  if (const auto* entries = std::get_if<JoinEntries>(&message)) {
    return is_current(entries->stream) ? join_receiver_->OnEntries(*entries) : Status();
  }
  if (const auto* end = std::get_if<JoinPartitionEnd>(&message)) {
    return is_current(end->stream) ? OnPartitionEnd(*end, shard, latest_unix_ms, events) : Status();
  }
  if (const auto* end = std::get_if<JoinEnd>(&message)) {
    if (!is_current(end->stream)) return {};
    Status ended = join_receiver_->OnEnd(shard);
    events.join_again = join_receiver_->partitions_refused() > 0;
    events.joined = !events.join_again;
    events.percent_equal = join_receiver_->percent_equal();
    join_receiver_.reset();
    join_released_ = false;
    return ended;
  }
  return {};
}

Status PeerLink::OnPartitionEnd(const JoinPartitionEnd& end, ReplicatedShard& shard,
                                std::int64_t latest_unix_ms, Events& events) {
  const bool looks_at_clock = !handshake_.same_region() && !join_released_;
  join_held_ = looks_at_clock && StampedAfter(end.observed, latest_unix_ms, shard.floor());
  if (!join_held_) return join_receiver_->OnPartitionEnd(end, shard);
  join_receiver_.reset();
  events.join_held = true;
  return {};
}

bool PeerLink::TellSums(ReplicatedShard& shard) {
  if (join_receiver_ == nullptr || paused()) return false;
  std::vector<Message> messages;
  const bool told = join_receiver_->TellSums(shard, messages);
  for (const Message& message : messages) Queue(message);
  return told;
}

void PeerLink::OnSubscribe(const Subscribe& subscribe, ReplicatedShard& shard) {
  subscribed_ = subscribe;
  follower_ = subscribe.follow;
  acknowledged_ = {};
  outgoing_.reset();
  join_sender_.reset();
  follows_join_ = false;
  if (!subscribe.follow && subscribe.regions.empty()) return;
  std::optional<storage::LogCursor> cursor =
      subscribe.follow ? shard.log().CursorFor(subscribe.have)
                       : shard.log().CursorFor(subscribe.have, subscribe.regions);
  if (cursor && !subscribe.whole) {
    outgoing_ = std::make_unique<OutgoingStream>(subscribe, *std::move(cursor),
                                                 storage::LogVectors{.floor = subscribe.have});
  } else if (!GoOnWithJoin(shard)) {
    // Whoever lacks what the log has let go of gets the whole state, and a primary that fetches
    // what an unfinished join has left.
    SendJoin(shard);
  }
}

void PeerLink::SendJoin(ReplicatedShard& shard) {
  outgoing_.reset();
  follows_join_ = true;
  join_sender_ = std::make_unique<JoinSender>(subscribed_.stream, shard.log().CursorAtEnd());
}

// Of a subscription that has just come: a later join brings what this one would leave out.
bool PeerLink::GoOnWithJoin(ReplicatedShard& shard) {
  const Subscribe& asked = subscribed_;
  // What only the receiver has reached it has in all partitions.
  crdt::VersionVector known = shard.floor();
  known.Merge(asked.have);
  if (asked.joined.none() || asked.whole || !known.Covers(asked.reached)) return false;
  auto cursor = asked.follow ? shard.log().CursorFor(asked.reached)
                             : shard.log().CursorFor(asked.reached, asked.regions);
  if (!cursor) return false;
  follows_join_ = true;
  join_sender_ = std::make_unique<JoinSender>(asked, *std::move(cursor));
  return true;
}

Status PeerLink::Deliver(ReplicatedShard& shard, std::int64_t latest_unix_ms) {
  if (gate_ == nullptr || joining() || paused()) return {};
  return gate_->Deliver(shard, Latest(latest_unix_ms));
}

void PeerLink::NoteProgress(std::int64_t now_ms) {
  if (!joining()) join_comes_since_ms_.reset();
  if (joining() && !join_comes_since_ms_) join_comes_since_ms_ = now_ms;
  if (!sending_join()) join_sent_since_ms_.reset();
  if (sending_join() && !join_sent_since_ms_) join_sent_since_ms_ = now_ms;
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

std::optional<JoinProgress> PeerLink::JoinThatComes(std::int64_t now_ms) const {
  if (join_receiver_ == nullptr) return std::nullopt;
  return ProgressOf(join_receiver_->partitions_joined(), join_receiver_->partitions_left_out(),
                    join_receiver_->bytes_received(), join_comes_since_ms_, now_ms);
}

std::optional<JoinProgress> PeerLink::JoinThatIsSent(std::int64_t now_ms) const {
  if (join_sender_ == nullptr) return std::nullopt;
  return ProgressOf(join_sender_->partitions_sent(), join_sender_->partitions_left_out(),
                    join_sender_->bytes_sent(), join_sent_since_ms_, now_ms);
}

Status PeerLink::Pump(ReplicatedShard& shard, LogPosition limit, JoinPace pace) {
  if (paused() || !established()) return {};
  std::vector<Message> messages;
  if (join_sender_ != nullptr) {
    PumpJoin(shard, limit, pace, messages);
  } else if (outgoing_ != nullptr) {
    if (Status pumped = outgoing_->Pump(shard.log(), limit, messages); !pumped) {
      if (!outgoing_->SkipWhatPeerHas(shard.log())) return pumped;
    }
    if (outgoing_->position() >= limit) follows_join_ = false;
    if (!outgoing_->needs_join()) {
      told_since_need_ = 0;
    } else if (HasToldEnough()) {
      SendJoin(shard);
    }
  }
  for (const Message& message : messages) Queue(message);
  return {};
}

// One partition a turn: the shard goes on serving between them.
void PeerLink::PumpJoin(ReplicatedShard& shard, LogPosition limit, JoinPace pace,
                        std::vector<Message>& out) {
  std::uint64_t bytes = JoinSender::kMostBytesPerPump;
  if (pace.bytes_per_second > 0) {
    bytes = std::min(bytes, join_limit_.Allowed(pace.bytes_per_second, pace.now_ms));
  }
  if (bytes == 0) return;
  const std::uint64_t sent_before = join_sender_->bytes_sent();
  const bool goes_on = join_sender_->Pump(shard, limit, bytes, out);
  join_limit_.Take(join_sender_->bytes_sent() - sent_before);
  if (goes_on) return;
  // What it has now; else it would get all again when this node's own log jumps to there.
  storage::LogVectors had = join_sender_->cursor().vectors();
  had.PassFloorJump(subscribed_.have);
  had.PassFloorJump(join_sender_->floor());
  outgoing_ = std::make_unique<OutgoingStream>(subscribed_, join_sender_->cursor(), std::move(had));
  join_sender_.reset();
}

bool PeerLink::AnswerDigests(const ReplicatedShard& shard) {
  if (paused()) return false;
  bool worked = false;
  std::uint64_t budget = kKeysComparedPerTurn;
  std::vector<Message> messages;
  for (auto answer = answers_.begin(); answer != answers_.end() && budget > 0;) {
    const DigestAnswer::Step step = answer->Work(shard, budget, messages);
    worked |= step != DigestAnswer::Step::kWaits;
    answer = step == DigestAnswer::Step::kLast ? answers_.erase(answer) : std::next(answer);
  }
  for (const Message& message : messages) Queue(message);
  return worked;
}

void PeerLink::SetPausedHere(bool paused) {
  if (paused_here_ == paused) return;
  paused_here_ = paused;
  if (established()) Queue(LinkState{paused});
}

}  // namespace replication
