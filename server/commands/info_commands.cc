// INFO.
#include "server/commands/command_families.h"
#include "server/info.h"

namespace server {
namespace {

void Info(CommandContext& context, Arguments arguments) {
  context.reply.Verbatim("txt", InfoText(context.node, context.database, arguments.subspan(1)));
}

constexpr CommandSpec kCommands[] = {
    {.name = "info",
     .words = AtLeast(1),
     .flags = command_flag::kLoading | command_flag::kStale | command_flag::kDangerous,
     .group = "server",
     .summary = "What the node tells of itself, in sections.",
     .since = "1.0.0",
     .run = Info},
};

}  // namespace

std::span<const CommandSpec> InfoCommands() {
  return kCommands;
}

}  // namespace server
