// SNAPSHOT: what this node would start from, kept in directories of their own.
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/node.h"
#include "server/snapshot_reply.h"
#include "server/wait.h"

namespace server {
namespace {

// Whether this node makes snapshots; else the error is answered.
bool MakesSnapshots(CommandContext& context) {
  if (context.node.snapshot_report() != nullptr) return true;
  context.reply.Error("ERR this node keeps nothing on disk (appendonly is no)");
  return false;
}

void Create(CommandContext& context, Arguments) {
  if (!MakesSnapshots(context)) return;
  AnswerOrWait(context, SnapshotWait{context.node.RequestSnapshot()}, 0);
}

void List(CommandContext& context, Arguments) {
  if (!MakesSnapshots(context)) return;
  const auto snapshots = context.node.ListSnapshots();
  if (!snapshots) return context.reply.Error("ERR " + snapshots.error().detail);
  const std::string& directory = context.node.config().dir;
  context.reply.Array(snapshots->size());
  for (const storage::FoundSnapshot& snapshot : *snapshots) {
    if (snapshot.manifest) {
      WriteSnapshot(context.reply, directory, snapshot.name, *snapshot.manifest);
    } else {
      WriteUnusableSnapshot(context.reply, directory, snapshot.name,
                            snapshot.manifest.error().detail);
    }
  }
}

constexpr std::string_view kHelp[] = {
    "SNAPSHOT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CREATE",
    "    Make a snapshot now; answers when it is complete.",
    "LIST",
    "    The snapshots of this node, the oldest first.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kAdmin | flag::kNoScript | flag::kStale;

constexpr CommandSpec kSubcommands[] = {
    {.name = "snapshot|create",
     .words = Exactly(2),
     .flags = kFlags | flag::kNoMulti,
     .group = "meridian",
     .summary =
         "Makes a snapshot of this node and answers what it holds when it is complete. Others "
         "are served meanwhile.",
     .since = "",
     .run = Create},
    {.name = "snapshot|list",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "meridian",
     .summary = "The snapshots of this node, the oldest first, with what they hold.",
     .since = "",
     .run = List},
    {.name = "snapshot|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "meridian",
     .summary = "Tells the subcommands.",
     .since = "",
     .run = Help},
};

constexpr CommandSpec kCommands[] = {
    {.name = "snapshot",
     .words = AtLeast(2),
     .group = "meridian",
     .summary = "Snapshots of this node, to restore it from.",
     .since = "",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> SnapshotCommands() {
  return kCommands;
}

}  // namespace server
