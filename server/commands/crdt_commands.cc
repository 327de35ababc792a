// CRDT.EXPLAIN and CRDT.DIGEST: why a key shows what it shows, and whether two regions show the
// same.
#include <spdlog/fmt/fmt.h>

#include <optional>
#include <string_view>

#include "crdt/explain.h"
#include "server/commands/command_families.h"
#include "server/node.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

void WriteSibling(ReplyWriter& reply, const crdt::ExplainedSibling& sibling) {
  reply.Map(kStampPairs + 2);
  StampPairs(reply, sibling.stamp);
  Pair(reply, "value", sibling.value);
  Pair(reply, "shown", sibling.shown);
}

void WriteContribution(ReplyWriter& reply, const crdt::ExplainedContribution& contribution) {
  reply.Map(kStampPairs + 5);
  StampPairs(reply, contribution.last);
  Pair(reply, "since", std::to_string(contribution.start.value()));
  Pair(reply, "total", contribution.total);
  Pair(reply, "baseline", contribution.baseline);
  Pair(reply, "net", contribution.net);
  Pair(reply, "spent", contribution.spent);
}

void WriteDeadline(ReplyWriter& reply, const crdt::ExplainedDeadline& deadline) {
  reply.Map(kStampPairs + 2);
  StampPairs(reply, deadline.stamp);
  if (deadline.deadline == crdt::kInfinite) {
    Pair(reply, "deadline_ms", "infinite");
  } else {
    Pair(reply, "deadline_ms", deadline.deadline);
  }
  Pair(reply, "shown", deadline.shown);
}

void WriteElement(ReplyWriter& reply, const crdt::ExplainedElement& element) {
  reply.Map(kStampPairs + 4);
  Pair(reply, "element", element.name);
  Pair(reply, "shown", element.shown);
  StampPairs(reply, element.newest);
  Pair(reply, "hidden", element.hidden);
  Pair(reply, "writers", element.writers);
}

void WriteContainer(ReplyWriter& reply, const crdt::ExplainedContainer& container) {
  reply.Map(kStampPairs + 2);
  Pair(reply, "type", NameOf(container.type));
  StampPairs(reply, container.newest);
  Pair(reply, "shown", container.shown);
}

void WriteList(ReplyWriter& reply, std::string_view name, const auto& list, const auto& write) {
  reply.Bulk(name);
  reply.Array(list.size());
  for (const auto& entry : list) write(reply, entry);
}

void Explain(CommandContext& context, Arguments arguments) {
  const std::string_view key = arguments[1];
  std::optional<std::string_view> element;
  if (arguments.size() == 3) element = arguments[2];
  // As it is stored: a key past its deadline is hidden from other commands, not from this one.
  const crdt::KeyView view = context.database.keyspace().Find(key);
  const std::optional<crdt::Explanation> explanation = crdt::Explain(view, element);
  if (!explanation) return context.reply.Null();

  ReplyWriter& reply = context.reply;
  reply.Map(element ? 11 : 10);
  Pair(reply, "key", key);
  if (element) Pair(reply, "element", *element);
  Pair(reply, "type", NameOf(explanation->type));
  Pair(reply, "shown", explanation->shown);
  Pair(reply, "expired", context.database.IsExpired(view));
  WriteList(reply, "rules", explanation->rules,
            [](ReplyWriter& out, std::string_view rule) { out.Bulk(rule); });
  WriteList(reply, "siblings", explanation->siblings, WriteSibling);
  WriteList(reply, "contributions", explanation->contributions, WriteContribution);
  WriteList(reply, "deadlines", explanation->deadlines, WriteDeadline);
  WriteList(reply, "elements", explanation->elements, WriteElement);
  WriteList(reply, "containers", explanation->containers, WriteContainer);
}

void Digest(CommandContext& context, Arguments) {
  const std::uint64_t digest = context.database.keyspace().Digest(context.database.now_ms());
  context.reply.Bulk(fmt::format("{:016x}", digest));
}

constexpr CommandSpec kCommands[] = {
    {.name = "crdt.explain",
     .words = {.least = 2, .most = 3},
     .keys = kOneKey,
     .access = Access::kRead,
     .group = "meridian",
     .summary = "Every write of a key, or of one element of it, that is still there, and the rule "
                "that decides what is shown.",
     .since = "",
     .run = Explain},
    {.name = "crdt.digest",
     .words = Exactly(1),
     .access = Access::kRead,
     .flags = command_flag::kAllKeys,
     .group = "meridian",
     .summary = "A number that is equal at all regions exactly when their data is equal.",
     .since = "",
     .run = Digest},
};

}  // namespace

std::span<const CommandSpec> CrdtCommands() {
  return kCommands;
}

}  // namespace server
