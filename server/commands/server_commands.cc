// The process: TIME, ROLE, SHUTDOWN.
#include <string>

#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {
namespace {

void Time(CommandContext& context, Arguments) {
  const std::int64_t now_ms = context.database.now_ms();
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(now_ms / 1000));
  context.reply.Bulk(std::to_string(now_ms % 1000 * 1000));
}

// --- ROLE
// ------------------------------------------------------------------------------------------

void WritePrimary(ReplyWriter& reply, const ReplicationReport& report) {
  reply.Array(3);
  reply.Bulk("master");
  reply.Integer(static_cast<std::int64_t>(report.position));
  reply.Array(report.replicas.size());
  for (const ReplicaReport& replica : report.replicas) {
    reply.Array(3);
    reply.Bulk(replica.host);
    reply.Bulk(std::to_string(replica.port));
    reply.Bulk(std::to_string(replica.applied));
  }
}

std::string_view LinkState(const ReplicationReport& report) {
  if (report.synchronising) return "sync";
  return report.link_up ? "connected" : "connect";
}

void WriteReplica(ReplyWriter& reply, const ReplicationReport& report) {
  reply.Array(5);
  reply.Bulk("slave");
  reply.Bulk(report.primary_host);
  reply.Integer(report.primary_port);
  reply.Bulk(LinkState(report));
  reply.Integer(report.link_up ? static_cast<std::int64_t>(report.position) : -1);
}

void Role(CommandContext& context, Arguments) {
  const ReplicationReport report = context.node.replication_report();
  report.is_primary ? WritePrimary(context.reply, report) : WriteReplica(context.reply, report);
}

// --- SHUTDOWN
// --------------------------------------------------------------------------------------

// The connection ends with the process; an answer comes only where the node does not stop.
void Shutdown(CommandContext& context, Arguments arguments) {
  ShutdownRequest request;
  bool abort = false;
  bool save = false;
  bool no_save = false;
  for (const std::string_view word : arguments.subspan(1)) {
    if (EqualsIgnoreCase(word, "nosave")) {
      no_save = true;
    } else if (EqualsIgnoreCase(word, "save")) {
      save = true;
    } else if (EqualsIgnoreCase(word, "now")) {
      request.now = true;
    } else if (EqualsIgnoreCase(word, "force")) {
      request.force = true;
    } else if (EqualsIgnoreCase(word, "abort")) {
      abort = true;
    } else {
      return context.reply.Error(kErrorSyntax);
    }
  }
  if ((save && no_save) || (abort && (save || no_save || request.now || request.force))) {
    return context.reply.Error(kErrorSyntax);
  }
  if (abort) {
    context.node.AbortShutdown() ? context.reply.Ok()
                                 : context.reply.Error("ERR No shutdown in progress.");
    return;
  }
  context.node.RequestShutdown(request);
  context.node.BeginWait(context.session, {.what = StopWait{}, .deadline_steady_ms = {}});
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kLoading | flag::kStale | flag::kFast;

constexpr CommandSpec kCommands[] = {
    {.name = "time",
     .words = Exactly(1),
     .flags = kFlags,
     .group = "server",
     .summary = "The node's clock: seconds and microseconds, to the millisecond.",
     .since = "2.6.0",
     .run = Time},
    {.name = "role",
     .words = Exactly(1),
     .flags = kFlags | flag::kNoScript | flag::kDangerous,
     .group = "server",
     .category = "admin",
     .summary = "Whether this node is its region's primary, and who replicates.",
     .since = "2.8.12",
     .run = Role},
    {.name = "shutdown",
     .words = AtLeast(1),
     .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale | flag::kNoMulti,
     .group = "server",
     .summary =
         "Ends the process; the log is written and synced first, with SAVE and NOSAVE alike.",
     .since = "1.0.0",
     .run = Shutdown},
};

}  // namespace

std::span<const CommandSpec> ServerCommands() {
  return kCommands;
}

}  // namespace server
