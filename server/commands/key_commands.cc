// Commands on keys of any type.
#include <string>
#include <utility>
#include <vector>

#include "crdt/prepare.h"
#include "crdt/prepare_hyperloglog.h"
#include "crdt/prepare_list.h"
#include "crdt/prepare_sorted_set.h"
#include "crdt/prepare_stream.h"
#include "server/commands/command_families.h"
#include "server/commands/database_index.h"
#include "server/commands/glob.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/commands/scan_words.h"
#include "server/commands/sorted_set_ranges.h"
#include "server/node.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ValueType;

void Delete(CommandContext& context, Arguments arguments) {
  std::int64_t deleted = 0;
  for (const std::string_view key : arguments.subspan(1)) {
    const KeyView view = context.database.ReadToWrite(key);
    if (!view.exists()) continue;
    ++deleted;
    crdt::PrepareDelete(view, key, crdt::DeleteReason::kCommand, context.database.effects());
    context.database.Commit();
  }
  context.reply.Integer(deleted);
}

// How many of the keys `exists` finds.
void CountExisting(CommandContext& context, Arguments keys, const auto& is_there) {
  std::int64_t found = 0;
  for (const std::string_view key : keys) {
    const bool exists = is_there(key);
    ++(exists ? context.node.stats().keyspace_hits : context.node.stats().keyspace_misses);
    found += exists ? 1 : 0;
  }
  context.reply.Integer(found);
}

void Exists(CommandContext& context, Arguments arguments) {
  CountExisting(context, arguments.subspan(1),
                [&](std::string_view key) { return context.database.Look(key).exists(); });
}

// Also for a client that otherwise leaves keys untouched.
void Touch(CommandContext& context, Arguments arguments) {
  context.database.SetMarksUse(true);
  CountExisting(context, arguments.subspan(1),
                [&](std::string_view key) { return context.database.Read(key).exists(); });
}

void Type(CommandContext& context, Arguments arguments) {
  context.reply.Simple(crdt::RowOf(context.database.Look(arguments[1]).type()).answered);
}

// --- RENAME and COPY
// -------------------------------------------------------------------------------

// What adds the elements of `source` to `key`, where nothing is.
void PrepareElements(const KeyView& source, std::string_view key, crdt::Writer writer,
                     crdt::EffectList& out) {
  const KeyView nothing;
  if (source.type() == ValueType::kStream) {
    return crdt::PrepareStreamCopy(source.stream(), nothing, key, writer, out);
  }
  if (source.type() == ValueType::kHyperLogLog) {
    return crdt::PrepareHyperLogLogMerge(nothing, key, source.hyperloglog().registers(), out);
  }
  if (source.type() == ValueType::kSortedSet) {
    std::vector<crdt::MemberScore> members;
    const crdt::SortedSet& set = source.sorted_set();
    VisitRange(set, {0, set.size()}, Direction::kForward,
               [&members](const crdt::RankedMember& member) {
                 members.emplace_back(member.name, member.score);
               });
    return crdt::PrepareSortedSetAdd(nothing, key, members, crdt::Condition::kNone, out);
  }
  if (source.type() == ValueType::kList) {
    std::vector<std::string> values;
    const crdt::ListValue& list = source.list();
    list.ForEach(0, list.size(), [&values](const crdt::ListElementView& element) {
      std::string scratch;
      values.emplace_back(element.Text(scratch));
      return true;
    });
    const std::vector<std::string_view> views(values.begin(), values.end());
    return crdt::PrepareListPush(nothing, key, crdt::ListSide::kRight, views, out);
  }
  std::vector<std::pair<std::string, std::string>> elements;
  source.elements().ForEach([&elements](std::string_view name, std::string_view value) {
    elements.emplace_back(name, value);
  });
  if (source.type() == ValueType::kHash) {
    const std::vector<crdt::FieldValue> fields(elements.begin(), elements.end());
    return crdt::PrepareHashSet(nothing, key, fields, crdt::Condition::kNone, out);
  }
  std::vector<std::string_view> members;
  for (const auto& [name, value] : elements) members.push_back(name);
  crdt::PrepareSetAdd(nothing, key, members, out);
}

// Puts what `from` shows under `key`, as new writes, after an observed delete of what is there.
void ShipAs(CommandContext& context, std::string_view from, std::string_view key) {
  Database& database = context.database;
  const KeyView target = database.ReadToWrite(key);
  const KeyView source = database.Read(from);
  const auto deadline = source.deadline();
  if (source.type() == ValueType::kString) {
    std::string scratch;
    const std::string value(source.Text(scratch));
    crdt::PrepareSet(target, key, value,
                     {.ttl = deadline ? crdt::Ttl::kDeadline : crdt::Ttl::kInfinite,
                      .deadline = deadline.value_or(crdt::kInfinite)},
                     database.effects());
    database.Commit();
    return;
  }
  // Both are views into the source until the commit: the effects hold copies.
  crdt::PrepareDelete(target, key, crdt::DeleteReason::kCommand, database.effects());
  PrepareElements(source, key, database.writer(), database.effects());
  database.Commit();
  if (!deadline) return;
  crdt::PrepareExpire(database.Read(key), key, *deadline, database.effects());
  database.Commit();
}

// False where the destination is there and must not be.
enum class IfThere { kReplace, kLeave };

bool RenameTo(CommandContext& context, std::string_view from, std::string_view to,
              IfThere if_there) {
  if (if_there == IfThere::kLeave && context.database.Read(to).exists()) return false;
  if (from == to) return true;
  ShipAs(context, from, to);
  crdt::PrepareDelete(context.database.ReadToWrite(from), from, crdt::DeleteReason::kCommand,
                      context.database.effects());
  context.database.Commit();
  return true;
}

void Rename(CommandContext& context, Arguments arguments) {
  if (!context.database.ReadToWrite(arguments[1]).exists()) {
    return context.reply.Error(kErrorNoSuchKey);
  }
  RenameTo(context, arguments[1], arguments[2], IfThere::kReplace);
  context.reply.Ok();
}

void RenameNx(CommandContext& context, Arguments arguments) {
  if (!context.database.ReadToWrite(arguments[1]).exists()) {
    return context.reply.Error(kErrorNoSuchKey);
  }
  context.reply.Integer(RenameTo(context, arguments[1], arguments[2], IfThere::kLeave) ? 1 : 0);
}

void Copy(CommandContext& context, Arguments arguments) {
  bool replace = false;
  for (std::size_t i = 3; i < arguments.size(); ++i) {
    if (EqualsIgnoreCase(arguments[i], "replace")) {
      replace = true;
    } else if (EqualsIgnoreCase(arguments[i], "db") && i + 1 < arguments.size()) {
      if (!IsTheDatabase(context, arguments[++i])) return;
    } else {
      return context.reply.Error(kErrorSyntax);
    }
  }
  if (arguments[1] == arguments[2]) {
    return context.reply.Error("ERR source and destination objects are the same");
  }
  if (!context.database.Read(arguments[1]).exists()) return context.reply.Integer(0);
  if (!replace && context.database.Read(arguments[2]).exists()) return context.reply.Integer(0);
  ShipAs(context, arguments[1], arguments[2]);
  context.reply.Integer(1);
}

void Move(CommandContext& context, Arguments arguments) {
  if (!IsTheDatabase(context, arguments[2])) return;
  context.reply.Error("ERR source and destination objects are the same");
}

// --- Going through keys
// ----------------------------------------------------------------------------

void Keys(CommandContext& context, Arguments arguments) {
  const bool all = arguments[1] == "*";
  std::vector<std::string_view> found;
  for (const crdt::KeyTable* table : context.database.keyspace().Tables()) {
    table->ForEach([&](const crdt::KeyCell& cell) {
      const KeyView view(&cell);
      if (!view.exists() || context.database.IsExpired(view)) return;
      if (all || GlobMatches(arguments[1], cell.name())) found.push_back(cell.name());
    });
  }
  context.reply.Array(found.size());
  for (const std::string_view key : found) context.reply.Bulk(key);
}

void Scan(CommandContext& context, Arguments arguments) {
  const auto cursor = ParseCursor(context, arguments[1]);
  if (!cursor) return;
  const auto words = ParseScanWords(context, arguments.subspan(2), ScanOf::kKeys);
  if (!words) return;
  std::vector<std::string_view> found;
  const std::uint64_t next = context.database.keyspace().Scan(
      *cursor, static_cast<std::uint64_t>(words->count),
      [&](std::string_view key, const KeyView& view) {
        if (context.database.IsExpired(view) || !words->Wants(key)) return;
        if (words->type && !EqualsIgnoreCase(*words->type, crdt::RowOf(view.type()).answered))
          return;
        found.push_back(key);
      });
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(next));
  context.reply.Array(found.size());
  for (const std::string_view key : found) context.reply.Bulk(key);
}

void RandomKey(CommandContext& context, Arguments) {
  // Expired keys are drawn too; after this many there may be nothing else.
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string_view key =
        context.database.keyspace().Random([&] { return context.database.Dice(); });
    if (key.data() == nullptr) break;
    if (context.database.Look(key).exists()) return context.reply.Bulk(key);
  }
  context.reply.Null();
}

void DbSize(CommandContext& context, Arguments) {
  context.reply.Integer(static_cast<std::int64_t>(context.database.keyspace().visible_keys()));
}

void Flush(CommandContext& context, Arguments arguments) {
  const bool known =
      arguments.size() == 1 || (arguments.size() == 2 && (EqualsIgnoreCase(arguments[1], "async") ||
                                                          EqualsIgnoreCase(arguments[1], "sync")));
  if (!known) return context.reply.Error(kErrorSyntax);
  crdt::PrepareClear(context.database.keyspace().Tables(), context.database.effects());
  context.database.Commit();
  context.reply.Ok();
}

namespace flag = command_flag;
constexpr std::string_view kObservedDelete =
    "Takes only what this region has seen: concurrent writes elsewhere survive.";
constexpr std::string_view kShipped =
    "The result travels as new writes, with an observed delete of what it replaces.";

constexpr CommandSpec kCommands[] = {
    {.name = "del",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kRemove,
     .access = Access::kWrite,
     .group = "generic",
     .summary = "Deletes keys.",
     .when_concurrent = kObservedDelete,
     .since = "1.0.0",
     .run = Delete},
    {.name = "unlink",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kRemove,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Deletes keys.",
     .when_concurrent = kObservedDelete,
     .since = "4.0.0",
     .run = Delete},
    {.name = "exists",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "How many of the keys are there.",
     .since = "1.0.0",
     .run = Exists},
    {.name = "touch",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Counts keys as used now; answers how many of them are there.",
     .since = "3.2.1",
     .run = Touch},
    {.name = "type",
     .words = Exactly(2),
     .keys = kOneKey,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "The type of what a key holds.",
     .since = "1.0.0",
     .run = Type},
    {.name = "rename",
     .words = Exactly(3),
     .keys = kTwoKeys,
     .key_use = KeyUse::kOverwrite,
     .first_key_use = KeyUse::kTake,
     .access = Access::kWrite,
     .group = "generic",
     .summary = "Moves a value to another key.",
     .when_concurrent = kShipped,
     .since = "1.0.0",
     .run = Rename},
    {.name = "renamenx",
     .words = Exactly(3),
     .keys = kTwoKeys,
     .key_use = KeyUse::kCreate,
     .first_key_use = KeyUse::kTake,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Moves a value to another key where that is not there.",
     .when_concurrent = kShipped,
     .since = "1.0.0",
     .run = RenameNx},
    {.name = "copy",
     .words = AtLeast(3),
     .keys = kTwoKeys,
     .key_use = KeyUse::kOverwrite,
     .first_key_use = KeyUse::kRead,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "generic",
     .summary = "Copies a value to another key.",
     .when_concurrent = kShipped,
     .since = "6.2.0",
     .run = Copy},
    {.name = "move",
     .words = Exactly(3),
     .keys = kOneKey,
     .key_use = KeyUse::kReadAndUpdate,
     .access = Access::kWrite,
     .flags = flag::kFast,
     .group = "generic",
     .summary = "Moves a key to another database; there is only one.",
     .when_concurrent = "Changes nothing.",
     .since = "1.0.0",
     .run = Move},
    {.name = "keys",
     .words = Exactly(2),
     .access = Access::kRead,
     .flags = flag::kDangerous | flag::kAllKeys,
     .group = "generic",
     .summary = "All keys that match a pattern.",
     .since = "1.0.0",
     .run = Keys},
    {.name = "scan",
     .words = AtLeast(2),
     .access = Access::kRead,
     .flags = flag::kAllKeys,
     .group = "generic",
     .summary = "Goes through the keys in steps.",
     .since = "2.8.0",
     .run = Scan},
    {.name = "randomkey",
     .words = Exactly(1),
     .access = Access::kRead,
     .flags = flag::kAllKeys,
     .group = "generic",
     .summary = "A key drawn at random.",
     .since = "1.0.0",
     .run = RandomKey},
    {.name = "dbsize",
     .words = Exactly(1),
     .access = Access::kRead,
     .flags = flag::kFast | flag::kAllKeys,
     .group = "server",
     .category = "keyspace",
     .summary = "The number of keys.",
     .since = "1.0.0",
     .run = DbSize},
    {.name = "flushdb",
     .words = AtLeast(1),
     .access = Access::kWrite,
     .flags = flag::kDangerous | flag::kAllKeys,
     .group = "server",
     .category = "keyspace",
     .summary = "Deletes all keys.",
     .when_concurrent = kObservedDelete,
     .since = "1.0.0",
     .run = Flush},
    {.name = "flushall",
     .words = AtLeast(1),
     .access = Access::kWrite,
     .flags = flag::kDangerous | flag::kAllKeys,
     .group = "server",
     .category = "keyspace",
     .summary = "Deletes all keys.",
     .when_concurrent = kObservedDelete,
     .since = "1.0.0",
     .run = Flush},
};

}  // namespace

std::span<const CommandSpec> KeyCommands() {
  return kCommands;
}

}  // namespace server
