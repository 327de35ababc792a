// DUMP and RESTORE: values as Redis writes them to its snapshots.
#include <optional>
#include <string>

#include "crdt/prepare.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/rdb/key_dump.h"
#include "server/rdb/payload.h"
#include "server/rdb/read_value.h"
#include "server/rdb/write_value.h"

namespace server {
namespace {

using crdt::KeyView;

void Dump(CommandContext& context, Arguments arguments) {
  const KeyView view = context.database.Read(arguments[1]);
  ServerStats& stats = context.node.stats();
  ++(view.exists() ? stats.keyspace_hits : stats.keyspace_misses);
  if (!view.exists()) return context.reply.Null();
  std::string payload = WriteValue(DumpedOf(view, context.database.writer().region()));
  SealPayload(payload);
  context.reply.Bulk(payload);
}

struct RestoreWords {
  bool replace = false;
  bool absolute = false;           // The time to live is a time.
  std::uint64_t idle_seconds = 0;  // What OBJECT IDLETIME is to answer.
};

// The number of IDLETIME or FREQ, when and how often the key was used. Empty, and the error
// answered, where it makes no sense.
std::optional<std::int64_t> ParseUse(CommandContext& context, std::string_view number, bool idle) {
  constexpr std::int64_t kMostFrequency = 255;
  const auto value = crdt::ParseInteger(number);
  if (!value) {
    context.reply.Error(kErrorNotAnInteger);
  } else if (idle && *value < 0) {
    context.reply.Error("ERR Invalid IDLETIME value, must be >= 0");
  } else if (!idle && (*value < 0 || *value > kMostFrequency)) {
    context.reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
  } else {
    return value;
  }
  return std::nullopt;
}

// Empty, and the error answered, where the words make no sense.
std::optional<RestoreWords> ParseWords(CommandContext& context, Arguments words) {
  RestoreWords parsed;
  std::optional<bool> idle;  // IDLETIME or FREQ was given: not both.
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool idle_word = EqualsIgnoreCase(words[i], "idletime");
    const bool frequency_word = EqualsIgnoreCase(words[i], "freq");
    if (EqualsIgnoreCase(words[i], "replace")) {
      parsed.replace = true;
    } else if (EqualsIgnoreCase(words[i], "absttl")) {
      parsed.absolute = true;
    } else if ((idle_word || frequency_word) && i + 1 < words.size() &&
               idle.value_or(idle_word) == idle_word) {
      idle = idle_word;
      const auto value = ParseUse(context, words[++i], idle_word);
      if (!value) return std::nullopt;
      // How often keys are used is not counted: there is no LFU policy.
      if (idle_word) parsed.idle_seconds = static_cast<std::uint64_t>(*value);
    } else {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
  }
  return parsed;
}

// When the key is to end; 0: never. Empty, and the error answered, where there is no such time.
std::optional<std::int64_t> DeadlineOf(CommandContext& context, std::string_view word,
                                       bool absolute) {
  const auto time = crdt::ParseInteger(word);
  if (!time) {
    context.reply.Error(kErrorNotAnInteger);
    return std::nullopt;
  }
  std::int64_t deadline = *time;
  const std::int64_t begin = absolute || *time == 0 ? 0 : context.database.now_ms();
  if (*time < 0 || __builtin_add_overflow(deadline, begin, &deadline)) {
    context.reply.Error("ERR Invalid TTL value, must be >= 0");
    return std::nullopt;
  }
  return deadline;
}

void Restore(CommandContext& context, Arguments arguments) {
  Database& database = context.database;
  const std::string_view key = arguments[1];
  const auto words = ParseWords(context, arguments.subspan(4));
  if (!words) return;
  const KeyView there = database.ReadToWrite(key);
  if (there.exists() && !words->replace) {
    return context.reply.Error("BUSYKEY Target key name already exists.");
  }
  const auto deadline = DeadlineOf(context, arguments[2], words->absolute);
  if (!deadline) return;
  const auto bytes = OpenPayload(arguments[3]);
  if (!bytes) return context.reply.Error("ERR DUMP payload version or checksum are wrong");
  const std::optional<DumpedValue> value = ReadValue(*bytes);
  if (!value) return context.reply.Error("ERR Bad data format");
  crdt::PrepareDelete(there, key, crdt::DeleteReason::kCommand, database.effects());
  database.Commit();
  const bool over = *deadline != 0 && *deadline <= database.now_ms();
  if (!over) WriteDumped(database, key, *value);
  if (!over && *deadline != 0) {
    crdt::PrepareExpire(database.Read(key), key, *deadline, database.effects());
    database.Commit();
  }
  if (words->idle_seconds > 0) database.keyspace().MarkIdle(key, words->idle_seconds);
  context.reply.Ok();
}

constexpr CommandSpec kCommands[] = {
    {.name = "dump",
     .words = Exactly(2),
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "generic",
     .summary = "The value of a key in Redis' format.",
     .since = "2.6.0",
     .run = Dump},
    {.name = "restore",
     .words = AtLeast(4),
     .keys = kOneKey,
     .key_use = KeyUse::kOverwrite,
     .access = Access::kWrite,
     .flags = command_flag::kDenyOom | command_flag::kDangerous,
     .group = "generic",
     .summary = "Makes a key of what DUMP has answered, here or at a Redis.",
     .when_concurrent =
         "The value travels as new writes, with an observed delete of what it replaces.",
     .since = "2.6.0",
     .run = Restore},
};

}  // namespace

std::span<const CommandSpec> DumpCommands() {
  return kCommands;
}

}  // namespace server
