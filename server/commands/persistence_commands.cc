// Checkpoints under the names that Redis has for them: BGSAVE, SAVE, LASTSAVE, BGREWRITEAOF.
//
// Each of the first three of these begins a checkpoint now. There is neither a fork nor a rewrite:
// the log goes on as it is.
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/wait.h"

namespace server {
namespace {

// Whether this node makes checkpoints; else the error is answered.
bool MakesCheckpoints(CommandContext& context) {
  if (context.node.checkpoint_report()) return true;
  context.reply.Error("ERR this node keeps nothing on disk (appendonly is no)");
  return false;
}

void BackgroundSave(CommandContext& context, Arguments arguments) {
  const bool schedule = arguments.size() == 2 && EqualsIgnoreCase(arguments[1], "schedule");
  if (arguments.size() > 2 || (arguments.size() == 2 && !schedule)) {
    return context.reply.Error(kErrorSyntax);
  }
  if (!MakesCheckpoints(context)) return;
  const bool running = context.node.checkpoint_report()->running;
  if (running && !schedule) {
    return context.reply.Error("ERR Background save already in progress");
  }
  context.node.RequestCheckpoint();
  context.reply.Simple(running ? "Background saving scheduled" : "Background saving started");
}

// Only the client waits that asks.
void Save(CommandContext& context, Arguments) {
  if (!MakesCheckpoints(context)) return;
  AnswerOrWait(context, CheckpointWait{context.node.RequestCheckpoint()}, 0);
}

void LastSave(CommandContext& context, Arguments) {
  context.reply.Integer(context.node.last_save_unix_ms() / 1000);
}

void RewriteLog(CommandContext& context, Arguments) {
  if (!MakesCheckpoints(context)) return;
  const bool running = context.node.checkpoint_report()->running;
  context.node.RequestCheckpoint();
  context.reply.Simple(running ? "Background append only file rewriting scheduled"
                               : "Background append only file rewriting started");
}

namespace flag = command_flag;

constexpr CommandSpec kCommands[] = {
    {.name = "bgsave",
     .words = AtLeast(1),
     .flags = flag::kAdmin | flag::kNoScript | flag::kDangerous,
     .group = "server",
     .summary = "Begins a checkpoint; SCHEDULE: after the one that runs.",
     .since = "1.0.0",
     .run = BackgroundSave},
    {.name = "save",
     .words = Exactly(1),
     .flags = flag::kAdmin | flag::kNoScript | flag::kNoMulti | flag::kDangerous,
     .group = "server",
     .summary = "Begins a checkpoint and answers when it is durable. Others are served meanwhile.",
     .since = "1.0.0",
     .run = Save},
    {.name = "lastsave",
     .words = Exactly(1),
     .flags = flag::kLoading | flag::kStale | flag::kFast | flag::kDangerous,
     .group = "server",
     .category = "admin",
     .summary = "When the last checkpoint was finished, in seconds since 1970.",
     .since = "1.0.0",
     .run = LastSave},
    {.name = "bgrewriteaof",
     .words = Exactly(1),
     .flags = flag::kAdmin | flag::kNoScript | flag::kDangerous,
     .group = "server",
     .summary = "Begins a checkpoint, so that a restart replays less of the log.",
     .since = "1.0.0",
     .run = RewriteLog},
};

}  // namespace

std::span<const CommandSpec> PersistenceCommands() {
  return kCommands;
}

}  // namespace server
