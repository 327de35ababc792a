// WAIT and WAITAOF: how many local replicas have what this connection wrote. They never count a
// region; REGION WAIT does.
#include <optional>

#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/wait.h"

namespace server {
namespace {

void WaitForReplicas(CommandContext& context, Arguments arguments) {
  if (context.node.is_replica()) {
    return context.reply.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if "
        "a replica is configured to be writable (which is not the default) writes to replicas are "
        "just local and are not propagated.");
  }
  const auto replicas = crdt::ParseInteger(arguments[1]);
  if (!replicas) return context.reply.Error(kErrorNotAnInteger);
  const auto timeout = ParseTimeout(context, arguments[2]);
  if (!timeout) return;
  AnswerOrWait(context, ReplicaWait{context.session.last_write, *replicas}, *timeout);
}

void WaitForFsync(CommandContext& context, Arguments arguments) {
  const auto local = crdt::ParseInteger(arguments[1]);
  if (!local) return context.reply.Error(kErrorNotAnInteger);
  if (*local < 0 || *local > 1) {
    return context.reply.Error("ERR value is out of range, value must between 0 and 1");
  }
  const auto replicas = crdt::ParseInteger(arguments[2]);
  if (!replicas || *replicas < 0) {
    return context.reply.Error("ERR value is out of range, must be positive");
  }
  const auto timeout = ParseTimeout(context, arguments[3]);
  if (!timeout) return;
  if (context.node.is_replica()) {
    return context.reply.Error(
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to "
        "replicas are just local and are not propagated.");
  }
  if (*local == 1 && !context.node.log_report().on_disk) {
    return context.reply.Error(
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  AnswerOrWait(context, FsyncWait{context.session.last_write, *local, *replicas}, *timeout);
}

constexpr CommandSpec kCommands[] = {
    {.name = "wait",
     .words = Exactly(3),
     .group = "generic",
     .category = "connection",
     .summary = "Waits until so many local replicas have applied this connection's writes, or the "
                "timeout; answers how many have.",
     .since = "3.0.0",
     .run = WaitForReplicas},
    {.name = "waitaof",
     .words = Exactly(4),
     .flags = command_flag::kNoScript,
     .group = "generic",
     .category = "connection",
     .summary = "Waits until this node and so many local replicas have this connection's writes on "
                "disk, or the timeout; answers both numbers.",
     .since = "7.2.0",
     .run = WaitForFsync},
};

}  // namespace

std::span<const CommandSpec> WaitCommands() {
  return kCommands;
}

}  // namespace server
