#include "server/commands/region_membership_commands.h"

#include <utility>

#include "crdt/stamp.h"
#include "geo-config/membership.h"
#include "server/commands/letter_case.h"
#include "server/commands/region_words.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {
namespace {

void Answer(CommandContext& context, const crdt::Status& status) {
  if (!status) return context.reply.Error("ERR " + status.error().detail);
  context.reply.Ok();
}

}  // namespace

void AddRegion(CommandContext& context, Arguments arguments) {
  const auto id = ParseRegion(context, arguments[2]);
  if (!id) return;
  geo_config::RegionEntry region{.id = *id, .name = std::string(arguments[3]), .nodes = {}};
  if (region.name.empty()) return context.reply.Error("ERR a region needs a name");
  if (arguments.size() - 4 > static_cast<std::size_t>(crdt::kEpochSlots)) {
    return context.reply.Error("ERR a region has at most " + std::to_string(crdt::kEpochSlots) +
                               " nodes");
  }
  for (std::size_t i = 4; i < arguments.size(); ++i) {
    auto node = geo_config::ParseNode(arguments[i], static_cast<std::uint32_t>(i - 4));
    if (!node) return context.reply.Error("ERR " + node.error().detail);
    region.nodes.push_back(*std::move(node));
  }
  Answer(context, context.node.AddRegion(std::move(region)));
}

void RemoveRegion(CommandContext& context, Arguments arguments) {
  const auto id = ParseRegion(context, arguments[2]);
  if (!id) return;
  if (arguments.size() == 3) return Answer(context, context.node.RemoveRegion(*id, false));
  if (EqualsIgnoreCase(arguments[3], "force")) {
    return Answer(context, context.node.RemoveRegion(*id, true));
  }
  if (EqualsIgnoreCase(arguments[3], "cancel")) {
    return Answer(context, context.node.KeepRegion(*id));
  }
  context.reply.Error(kErrorSyntax);
}

}  // namespace server
