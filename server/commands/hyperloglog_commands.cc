// HyperLogLogs: how many different elements were added, about. Registers of all regions merge.
#include <optional>
#include <span>

#include "absl/container/inlined_vector.h"
#include "crdt/cardinality.h"
#include "crdt/hyperloglog_text.h"
#include "crdt/prepare_hyperloglog.h"
#include "server/commands/command_families.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {
namespace {

using crdt::HyperLogLogRegisters;
using crdt::KeyView;
using crdt::ValueType;

constexpr std::string_view kErrorNoHyperLogLog =
    "WRONGTYPE Key is not a valid HyperLogLog string value.";
constexpr std::string_view kErrorCorrupt = "INVALIDOBJ Corrupted HLL object detected";

using Values = absl::InlinedVector<crdt::RegisterValue, 16>;

// The registers of a key, whether they are kept as such or in a string that a SET brought; none of
// a key that shows nothing. Empty, and the error answered, where it holds something else.
std::optional<HyperLogLogRegisters> RegistersOf(CommandContext& context, const KeyView& view) {
  if (!view.exists()) return HyperLogLogRegisters();
  if (view.type() == ValueType::kHyperLogLog) return view.hyperloglog().registers();
  if (view.type() != ValueType::kString) {
    context.reply.Error(kErrorWrongType);
    return std::nullopt;
  }
  std::string scratch;
  auto registers = crdt::ParseHyperLogLogText(view.Text(scratch));
  if (registers) return *std::move(registers);
  context.reply.Error(registers.error().code == crdt::ErrorCode::kCorrupt ? kErrorCorrupt
                                                                          : kErrorNoHyperLogLog);
  return std::nullopt;
}

// Prepares what adds the values to a string that is a HyperLogLog; the string is left alone where
// they change nothing. False where an error was answered.
bool PrepareAddToText(CommandContext& context, const KeyView& view, std::string_view key,
                      const Values& values) {
  std::optional<HyperLogLogRegisters> registers = RegistersOf(context, view);
  if (!registers) return false;
  bool raised = false;
  for (const crdt::RegisterValue value : values) raised |= registers->Raise(value);
  if (raised) {
    crdt::PrepareHyperLogLogMerge(view, key, *registers, context.database.effects());
  }
  return true;
}

void PfAdd(CommandContext& context, Arguments arguments) {
  const std::string_view key = arguments[1];
  crdt::EffectList& effects = context.database.effects();
  const KeyView view = context.database.ReadToWrite(key);
  Values values;
  for (const std::string_view element : arguments.subspan(2)) {
    values.push_back(crdt::RegisterOf(element));
  }
  const std::uint64_t before = effects.count();
  if (!view.exists() || view.type() == ValueType::kHyperLogLog) {
    crdt::PrepareHyperLogLogAdd(view, key, values, effects);
  } else if (!PrepareAddToText(context, view, key, values)) {
    return;
  }
  const bool changes = effects.count() != before;
  context.database.Commit();
  context.reply.Integer(changes ? 1 : 0);
}

KeyView ReadCounted(CommandContext& context, std::string_view key) {
  const KeyView view = context.database.Read(key);
  ServerStats& stats = context.node.stats();
  ++(view.exists() ? stats.keyspace_hits : stats.keyspace_misses);
  return view;
}

// Raises `ranks` to what the keys hold; false where an error was answered.
bool MergeKeys(CommandContext& context, Arguments keys, HyperLogLogRegisters::Ranks& ranks) {
  for (const std::string_view key : keys) {
    const auto registers = RegistersOf(context, ReadCounted(context, key));
    if (!registers) return false;
    registers->MergeInto(ranks);
  }
  return true;
}

void PfCount(CommandContext& context, Arguments arguments) {
  if (arguments.size() == 2) {
    const KeyView view = ReadCounted(context, arguments[1]);
    if (view.type() == ValueType::kHyperLogLog) {
      return context.reply.Integer(static_cast<std::int64_t>(view.hyperloglog().Count()));
    }
    const auto registers = RegistersOf(context, view);
    if (!registers) return;
    return context.reply.Integer(
        static_cast<std::int64_t>(crdt::EstimateCardinality(registers->CountRanks())));
  }
  HyperLogLogRegisters::Ranks ranks{};
  if (!MergeKeys(context, arguments.subspan(1), ranks)) return;
  HyperLogLogRegisters::Histogram histogram{};
  for (const std::uint8_t rank : ranks) ++histogram[rank];
  context.reply.Integer(static_cast<std::int64_t>(crdt::EstimateCardinality(histogram)));
}

void PfMerge(CommandContext& context, Arguments arguments) {
  const std::string_view to = arguments[1];
  // First: whatever has expired there is deleted before the sources are looked at.
  context.database.ReadToWrite(to);
  HyperLogLogRegisters::Ranks ranks{};
  if (!MergeKeys(context, arguments.subspan(1), ranks)) return;
  crdt::PrepareHyperLogLogMerge(context.database.Read(to), to, HyperLogLogRegisters(ranks),
                                context.database.effects());
  context.database.Commit();
  context.reply.Ok();
}

namespace flag = command_flag;
constexpr std::string_view kRegistersMerge =
    "The registers of all regions merge: what was added anywhere counts, once. A delete wins over "
    "it.";

constexpr CommandSpec kCommands[] = {
    {.name = "pfadd",
     .words = AtLeast(2),
     .keys = kOneKey,
     .key_use = KeyUse::kInsert,
     .access = Access::kWrite,
     .flags = flag::kDenyOom | flag::kFast,
     .group = "hyperloglog",
     .summary = "Adds elements to a HyperLogLog.",
     .when_concurrent = kRegistersMerge,
     .since = "2.8.9",
     .run = PfAdd},
    {.name = "pfcount",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kReadAndRefresh,
     .access = Access::kRead,
     .group = "hyperloglog",
     .summary = "How many different elements were added, about.",
     .since = "2.8.9",
     .run = PfCount},
    {.name = "pfmerge",
     .words = AtLeast(2),
     .keys = kAllKeys,
     .key_use = KeyUse::kRead,
     .first_key_use = KeyUse::kReadAndInsert,
     .access = Access::kWrite,
     .flags = flag::kDenyOom,
     .group = "hyperloglog",
     .summary = "Adds to a HyperLogLog what others count.",
     .when_concurrent = kRegistersMerge,
     .since = "2.8.9",
     .run = PfMerge},
};

}  // namespace

std::span<const CommandSpec> HyperLogLogCommands() {
  return kCommands;
}

}  // namespace server
