#include "server/wait.h"

#include <limits>
#include <string>
#include <variant>

#include "crdt/string_value.h"
#include "server/comparison_reply.h"
#include "server/snapshot_reply.h"

namespace server {
namespace {

// The numbers that count now towards each kind of wait.
struct Reached {
  Node& node;

  bool Enough(const ReplicaWait& wait) const {
    return node.ReplicasAt(wait.position) >= wait.replicas;
  }
  bool Enough(const FsyncWait& wait) const {
    return node.ReplicasDurableAt(wait.position) >= wait.replicas && Local(wait) >= wait.local;
  }
  bool Enough(const RegionWait& wait) const {
    return node.RegionsDurableAt(wait.stamp) >= wait.regions;
  }
  // Ends when a key changes, not when a number is reached.
  bool Enough(const KeyWait&) const { return false; }
  bool Enough(const PauseWait& wait) const {
    const std::int64_t now = node.steady_ms();
    return !(wait.writes ? node.pause().HoldsWrites(now) : node.pause().HoldsAll(now));
  }
  bool Enough(const CheckpointWait& wait) const {
    return Finished(wait) || node.checkpoint_report()->last_failed;
  }
  bool Enough(const SnapshotWait& wait) const {
    return node.snapshot_report()->finished >= wait.finished;
  }
  bool Enough(const ComparisonWait& wait) const {
    return node.FindComparison(wait.number) != nullptr;
  }
  bool Enough(const StopWait&) const { return !node.stopping(); }

  void Write(ReplyWriter& reply, const ReplicaWait& wait) const {
    reply.Integer(node.ReplicasAt(wait.position));
  }
  void Write(ReplyWriter& reply, const FsyncWait& wait) const {
    reply.Array(2);
    reply.Integer(Local(wait));
    reply.Integer(node.ReplicasDurableAt(wait.position));
  }
  void Write(ReplyWriter& reply, const RegionWait& wait) const {
    reply.Integer(node.RegionsDurableAt(wait.stamp));
  }
  void Write(ReplyWriter& reply, const KeyWait&) const { reply.NullArray(); }
  // Its command is carried out instead.
  void Write(ReplyWriter&, const PauseWait&) const {}
  void Write(ReplyWriter& reply, const CheckpointWait& wait) const {
    Finished(wait) ? reply.Ok() : reply.Error("ERR the checkpoint is not written yet; see the log");
  }
  void Write(ReplyWriter& reply, const SnapshotWait&) const {
    const SnapshotReport& report = *node.snapshot_report();
    if (!report.last_error.empty())
      return reply.Error("ERR no snapshot is made: " + report.last_error);
    WriteSnapshot(reply, node.config().dir, report.newest, report.manifest);
  }
  void Write(ReplyWriter& reply, const ComparisonWait& wait) const {
    const ComparisonReport* const report = node.FindComparison(wait.number);
    if (report == nullptr) return reply.Error("ERR the comparison goes on");
    WriteComparison(reply, *report, wait.repairs);
  }
  void Write(ReplyWriter& reply, const StopWait&) const {
    reply.Error("ERR Errors trying to SHUTDOWN. Check logs.");
  }

  bool Finished(const CheckpointWait& wait) const {
    return node.checkpoint_report()->finished >= wait.finished;
  }
  std::int64_t Local(const FsyncWait& wait) const {
    return node.LocallyDurableAt(wait.position) ? 1 : 0;
  }
};

}  // namespace

bool IsWaitOver(Node& node, const Wait& wait) {
  return std::visit([&](const auto& asked) { return Reached{node}.Enough(asked); }, wait.what);
}

void FinishWait(ClientSession& session, std::string_view reply) {
  session.waiting.reset();
  if (session.reply_mode == ReplyMode::kOn) {
    session.output.append(reply);
  } else if (session.reply_mode == ReplyMode::kSkipping) {
    session.reply_mode = ReplyMode::kOn;  // CLIENT REPLY SKIP was about this reply.
  }
}

void AnswerWait(Node& node, ClientSession& session) {
  std::string bytes;
  ReplyWriter reply(bytes, session.protocol);
  std::visit([&](const auto& asked) { Reached{node}.Write(reply, asked); }, session.waiting->what);
  FinishWait(session, bytes);
}

void RefuseWait(ClientSession& session, std::string_view error) {
  std::string bytes;
  ReplyWriter(bytes, session.protocol).Error(error);
  FinishWait(session, bytes);
}

void AnswerOrWait(CommandContext& context, const decltype(Wait::what)& asked,
                  std::int64_t timeout_ms) {
  Wait wait{.what = asked, .deadline_steady_ms = {}};
  if (context.in_exec || IsWaitOver(context.node, wait)) {
    return std::visit([&](const auto& what) { Reached{context.node}.Write(context.reply, what); },
                      asked);
  }
  if (timeout_ms > 0) wait.deadline_steady_ms = context.node.steady_ms() + timeout_ms;
  context.node.BeginWait(context.session, std::move(wait));
}

std::optional<std::int64_t> ParseTimeout(CommandContext& context, std::string_view word) {
  const std::optional<std::int64_t> timeout = crdt::ParseInteger(word);
  if (!timeout) {
    context.reply.Error("ERR timeout is not an integer or out of range");
  } else if (*timeout < 0) {
    context.reply.Error("ERR timeout is negative");
  } else if (*timeout > std::numeric_limits<std::int64_t>::max() - context.database.now_ms()) {
    context.reply.Error("ERR timeout is out of range");
  } else {
    return timeout;
  }
  return std::nullopt;
}

}  // namespace server
