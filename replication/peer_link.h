// One connection to another node: its greeting, what we read from it and what it reads from us.
//
// Bytes in, messages out; no socket and no clock. What the link is for (following a primary,
// feeding a replica, another region) is decided by the replicator, who subscribes and limits.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/causal_gate.h"
#include "replication/digest_answer.h"
#include "replication/handshake.h"
#include "replication/join.h"
#include "replication/network.h"
#include "replication/outgoing_stream.h"
#include "replication/rate_limit.h"
#include "replication/report.h"
#include "replication/wire.h"

namespace replication {

class PeerLink {
 public:
  // Bytes that may be under way to us unacknowledged.
  static constexpr std::uint64_t kWindow = 8 << 20;

  PeerLink(LinkId id, Handshake handshake, std::int64_t now_ms)
      : id_(id),
        handshake_(std::move(handshake)),
        heard_ms_(now_ms),
        opened_ms_(now_ms),
        moved_ms_(now_ms) {}

  // What a message was, for the replicator to act upon.
  struct Events {
    bool established = false;    // The greeting is over; state() is known.
    bool state_changed = false;  // A new NodeState.
    bool heartbeat = false;
    bool acknowledged = false;
    bool pause_changed = false;
    bool join_began = false;
    bool joined = false;               // A join is complete.
    std::optional<int> percent_equal;  // JoinReceiver's, of that one.
    bool join_held = false;   // One is stamped too far ahead of our clock: nothing of it was taken.
    bool join_again = false;  // Of one partitions were not taken and have to be asked for.
    std::vector<DigestReply> digests;  // Answers to what was asked through Queue().
  };
  struct Times {
    std::int64_t steady_ms = 0;
    // What is stamped later waits, if it comes from another region.
    std::int64_t latest_unix_ms = 0;
  };

  // --- Receiving ---------------------------------------------------------------------------------
  // The error is the reason to close.
  using TellState = std::function<NodeState()>;
  crdt::Result<Events> OnBytes(std::string_view bytes, const TellState& own, ReplicatedShard& shard,
                               Times now);
  // Passes on what waited at the gate.
  crdt::Status Deliver(ReplicatedShard& shard, std::int64_t latest_unix_ms);

  // --- Reading from the peer ---------------------------------------------------------------------
  // The window and the number are the link's to give.
  void SubscribeTo(Subscribe request);
  const CausalGate* gate() const { return gate_.get(); }
  CausalGate* gate() { return gate_.get(); }
  bool joining() const { return join_receiver_ != nullptr; }
  // Some of what a join wants to know that comes; false where there is nothing to do now.
  bool TellSums(ReplicatedShard& shard);
  // Empty: none does.
  std::optional<JoinProgress> JoinThatComes(std::int64_t now_ms) const;
  // What comes by a join is stamped too far ahead of our clock; the operator may let it pass.
  bool join_held() const { return join_held_; }
  void ReleaseJoin() { join_released_ = true; }
  // A subscription that asks for nothing: it waits for the end of a join from elsewhere.
  bool is_put_off() const {
    return gate_ != nullptr && !gate_->request().follow && gate_->request().regions.empty();
  }
  // To be called often: notes whether what came passes.
  void NoteProgress(std::int64_t now_ms);
  // For how long nothing has passed the gate, though something waits there for other streams.
  std::int64_t WaitedMs(std::int64_t now_ms) const { return now_ms - moved_ms_; }
  // An acknowledgement, if there is something new to say.
  void AcknowledgeFollow(storage::LogPosition durable);
  void AcknowledgeRegion(const crdt::VersionVector& applied, const crdt::VersionVector& durable);
  // The sender's window is getting narrow.
  bool WindowUrgent() const {
    return gate_ != nullptr && gate_->consumed() - told_consumed_ > kWindow / 4;
  }

  // --- Feeding the peer --------------------------------------------------------------------------
  bool feeding() const { return outgoing_ != nullptr || join_sender_ != nullptr; }
  bool feeds_follower() const { return follower_; }
  bool sending_join() const { return join_sender_ != nullptr; }
  // Empty: none is.
  std::optional<JoinProgress> JoinThatIsSent(std::int64_t now_ms) const;
  // Where in the log the stream goes on behind a join, until it has once reached the log's end;
  // `otherwise` without one.
  storage::LogPosition JoinGoesOnFrom(storage::LogPosition otherwise) const {
    // A pause may last for ever.
    if (paused()) return otherwise;
    if (join_sender_ != nullptr) return join_sender_->cursor().position();
    return follows_join_ && outgoing_ != nullptr ? outgoing_->position() : otherwise;
  }
  // How fast a join is sent; 0: as fast as it goes.
  struct JoinPace {
    std::uint64_t bytes_per_second = 0;
    std::int64_t now_ms = 0;
  };
  // Sends what the log has up to `limit`, as far as the peer's window allows.
  crdt::Status Pump(ReplicatedShard& shard, storage::LogPosition limit, JoinPace pace);
  // Goes on with the whole state.
  void SendJoin(ReplicatedShard& shard);
  const OutgoingStream* outgoing() const { return outgoing_.get(); }
  const Acknowledgement& acknowledged() const { return acknowledged_; }

  // --- Comparing ---------------------------------------------------------------------------------
  // So many requests of a comparison may wait.
  static constexpr std::size_t kMostAnswers = 32;
  // Of the keys of a comparison a turn looks at so many.
  static constexpr std::uint64_t kKeysComparedPerTurn = 256;
  // Some of what the other side has asked for; false where there is nothing to do now.
  bool AnswerDigests(const ReplicatedShard& shard);

  // --- Both --------------------------------------------------------------------------------------
  void Greet() { Queue(handshake_.OwnHello()); }
  void Queue(const Message& message);
  void SetPausedHere(bool paused);
  bool paused() const { return paused_here_ || paused_there_; }
  bool paused_here() const { return paused_here_; }
  bool paused_there() const { return paused_there_; }

  LinkId id() const { return id_; }
  // The other side has said why it closes.
  bool refused() const { return refused_; }
  // The greeting is over: the other side has proved itself and told its state.
  bool established() const { return established_; }
  // REQUIRES: established().
  const Hello& peer() const { return handshake_.peer(); }
  const NodeState& state() const { return state_; }
  const Heartbeat& heartbeat() const { return heartbeat_; }
  std::int64_t heard_ms() const { return heard_ms_; }
  std::int64_t opened_ms() const { return opened_ms_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::string TakeOutput() { return std::exchange(output_, std::string()); }
  bool has_output() const { return !output_.empty(); }
  void set_compression(Compression compression) { compression_ = compression; }

 private:
  bool proved() const { return handshake_.proved(); }
  crdt::Status OnMessage(Message& message, const TellState& own, ReplicatedShard& shard,
                         std::int64_t latest_unix_ms, Events& events);
  crdt::Status OnPartitionEnd(const JoinPartitionEnd& end, ReplicatedShard& shard,
                              std::int64_t latest_unix_ms, Events& events);
  void OnSubscribe(const Subscribe& subscribe, ReplicatedShard& shard);
  bool GoOnWithJoin(ReplicatedShard& shard);
  void PumpJoin(ReplicatedShard& shard, storage::LogPosition limit, JoinPace pace,
                std::vector<Message>& out);
  // The peer has told that it has all this: it need not join to get it.
  void NotePeerHas(const crdt::VersionVector& vector) {
    if (outgoing_ != nullptr) outgoing_->NoteHas(vector);
  }
  // Another region may have got by now, from elsewhere, what it lacked when it last told.
  bool HasToldEnough() const { return follower_ || told_since_need_ >= 2; }
  // Within a region clocks are not looked at.
  std::optional<std::int64_t> Latest(std::int64_t unix_ms) const {
    return handshake_.same_region() ? std::nullopt : std::optional(unix_ms);
  }

  LinkId id_;
  Handshake handshake_;
  FrameReader reader_;
  std::string output_;
  Compression compression_ = Compression::kOff;
  std::int64_t heard_ms_;
  std::int64_t opened_ms_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  bool established_ = false;
  bool refused_ = false;
  NodeState state_;
  Heartbeat heartbeat_;
  bool paused_here_ = false;
  bool paused_there_ = false;

  std::uint64_t next_stream_ = 1;
  std::unique_ptr<CausalGate> gate_;
  std::unique_ptr<JoinReceiver> join_receiver_;
  bool join_held_ = false;
  bool join_released_ = false;
  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
  std::int64_t moved_ms_;
  std::uint64_t moved_to_ = kNowhere;  // Of the gate's consumed bytes; a new gate has moved.
  std::uint64_t told_consumed_ = 0;
  storage::LogPosition told_applied_ = 0;
  storage::LogPosition told_durable_ = 0;
  crdt::VersionVector told_applied_vector_;
  crdt::VersionVector told_durable_vector_;

  std::deque<DigestAnswer> answers_;  // Of one comparison.

  bool follower_ = false;
  Subscribe subscribed_;
  std::unique_ptr<OutgoingStream> outgoing_;
  std::unique_ptr<JoinSender> join_sender_;
  bool follows_join_ = false;
  RateLimit join_limit_;
  std::optional<std::int64_t> join_comes_since_ms_;
  std::optional<std::int64_t> join_sent_since_ms_;
  int told_since_need_ = 0;  // So often it has told its state since it seemed to need a join.
  Acknowledgement acknowledged_;
};

}  // namespace replication
