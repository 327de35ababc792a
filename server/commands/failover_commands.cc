// FAILOVER TAKEOVER: makes a replica the primary of its region.
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/node.h"

namespace server {
namespace {

void Failover(CommandContext& context, Arguments arguments) {
  if (arguments.size() != 2 || !EqualsIgnoreCase(arguments[1], "takeover")) {
    return context.reply.Error(
        "ERR FAILOVER takes the word TAKEOVER, at the replica that shall be the primary");
  }
  if (!context.node.is_replica()) {
    return context.reply.Error("ERR FAILOVER TAKEOVER is for replicas: this node is the primary");
  }
  const crdt::Result<std::string> message = context.node.TakeOver();
  if (!message) return context.reply.Error("ERR " + message.error().detail);
  context.reply.Map(2);
  context.reply.Bulk("epoch");
  context.reply.Integer(static_cast<std::int64_t>(context.node.replication_report().epoch));
  context.reply.Bulk("message");
  context.reply.Bulk(*message);
}

constexpr CommandSpec kCommands[] = {
    {.name = "failover",
     .words = AtLeast(1),
     .flags = command_flag::kAdmin | command_flag::kStale | command_flag::kNoScript |
              command_flag::kNoMulti,
     .group = "server",
     .summary = "FAILOVER TAKEOVER makes this replica the primary, under a new epoch.",
     .since = "6.2.0",
     .run = Failover},
};

}  // namespace

std::span<const CommandSpec> FailoverCommands() {
  return kCommands;
}

}  // namespace server
