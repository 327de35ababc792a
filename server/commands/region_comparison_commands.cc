#include "server/commands/region_comparison_commands.h"

#include <optional>
#include <string>
#include <utility>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"
#include "server/commands/region_words.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/wait.h"
#include "storage/key_location.h"

namespace server {
namespace {

constexpr std::int64_t kUsualTimeoutMs = 60000;

struct Asked {
  crdt::RegionId region = 0;
  ComparisonScope scope;
  std::int64_t timeout_ms = kUsualTimeoutMs;
};

std::optional<storage::PartitionId> ParsePartition(CommandContext& context, std::string_view word) {
  const auto number = crdt::ParseInteger(word);
  if (number && *number >= 0 && *number < storage::kPartitions) {
    return static_cast<storage::PartitionId>(*number);
  }
  context.reply.Error("ERR a partition is a number from 0 to " +
                      std::to_string(storage::kPartitions - 1));
  return std::nullopt;
}

// REGION DIFF id [KEY key | PARTITION number] [TIMEOUT ms]; empty: the error is answered.
std::optional<Asked> Parse(CommandContext& context, Arguments arguments) {
  const auto region = ParseRegion(context, arguments[2]);
  if (!region) return std::nullopt;
  Asked asked{.region = *region, .scope = {}};
  for (std::size_t i = 3; i < arguments.size(); i += 2) {
    const bool has_value = i + 1 < arguments.size();
    const bool has_scope = asked.scope.key || asked.scope.partition;
    if (has_value && !has_scope && EqualsIgnoreCase(arguments[i], "key")) {
      asked.scope.key = std::string(arguments[i + 1]);
    } else if (has_value && !has_scope && EqualsIgnoreCase(arguments[i], "partition")) {
      asked.scope.partition = ParsePartition(context, arguments[i + 1]);
      if (!asked.scope.partition) return std::nullopt;
    } else if (has_value && EqualsIgnoreCase(arguments[i], "timeout")) {
      const auto timeout = ParseTimeout(context, arguments[i + 1]);
      if (!timeout) return std::nullopt;
      asked.timeout_ms = *timeout;
    } else {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
  }
  return asked;
}

void Compare(CommandContext& context, Asked asked) {
  const bool repairs = asked.scope.repairs;
  const auto number =
      context.node.CompareRegion(asked.region, std::move(asked.scope), asked.timeout_ms);
  if (!number) return context.reply.Error("ERR " + number.error().detail);
  AnswerOrWait(context, ComparisonWait{.number = *number, .repairs = repairs}, 0);
}

}  // namespace

void DiffRegion(CommandContext& context, Arguments arguments) {
  auto asked = Parse(context, arguments);
  if (asked) Compare(context, *std::move(asked));
}

void RepairRegion(CommandContext& context, Arguments arguments) {
  auto asked = Parse(context, arguments);
  if (!asked) return;
  if (const std::string refusal = context.node.WriteRefusal(); !refusal.empty()) {
    return context.reply.Error(refusal);
  }
  asked->scope.repairs = true;
  Compare(context, *std::move(asked));
}

}  // namespace server
