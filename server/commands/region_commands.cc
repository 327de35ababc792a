// REGION: the links to the other regions, and the nodes of this one.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/region_comparison_commands.h"
#include "server/commands/region_membership_commands.h"
#include "server/commands/region_words.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/resp/reply_pairs.h"
#include "server/wait.h"
#include "storage/key_location.h"

namespace server {
namespace {

void List(CommandContext& context, Arguments) {
  const std::vector<RegionReport> regions = context.node.region_reports();
  const geo_config::Config& config = context.node.config();
  const auto write = [&](crdt::RegionId id, std::string_view name, std::string_view state) {
    context.reply.Map(3);
    Pair(context.reply, "id", id);
    Pair(context.reply, "name", name);
    Pair(context.reply, "state", state);
  };
  context.reply.Array(regions.size() + 1);
  const geo_config::RegionEntry* own = config.OwnRegion();
  const ReplicationReport self = context.node.replication_report();
  write(config.region, own != nullptr ? own->name : "",
        self.removed ? "removed" : (self.leaving ? "leaving" : "self"));
  for (const RegionReport& region : regions) write(region.id, region.name, region.state);
}

constexpr std::size_t kJoinPairs = 3;

void JoinPairs(ReplyWriter& reply, const std::string& which,
               const std::optional<replication::JoinProgress>& join) {
  if (!join) return;
  Pair(reply, which + "_percent", 100 * join->partitions / storage::kPartitions);
  Pair(reply, which + "_bytes", join->bytes);
  Pair(reply, which + "_seconds_left", join->seconds_left.value_or(-1));
}

void WriteStatus(ReplyWriter& reply, const RegionReport& region) {
  reply.Map(17 + (region.held_ahead_s ? 1 : 0) + (region.compared_ms_ago ? 2 : 0) +
            (region.join_comes ? kJoinPairs : 0) + (region.join_is_sent ? kJoinPairs : 0));
  Pair(reply, "id", region.id);
  Pair(reply, "name", region.name);
  Pair(reply, "state", region.state);
  Pair(reply, "detail", region.detail);
  Pair(reply, "address", region.address);
  Pair(reply, "paused_here", region.paused_here);
  Pair(reply, "paused_there", region.paused_there);
  Pair(reply, "lag_ms", region.lag_ms);
  Pair(reply, "records_behind", region.records_behind);
  Pair(reply, "bytes_behind", region.bytes_behind);
  if (region.held_ahead_s) {
    Pair(reply, "held", "its clock is ahead by " + std::to_string(*region.held_ahead_s) + " s");
  }
  JoinPairs(reply, "join_received", region.join_comes);
  JoinPairs(reply, "join_sent", region.join_is_sent);
  Pair(reply, "bytes_sent", region.bytes_sent);
  Pair(reply, "bytes_received", region.bytes_received);
  Pair(reply, "protocol_version", region.protocol_version);
  Pair(reply, "server_version", region.server_version);
  if (region.compared_ms_ago) {
    Pair(reply, "compared_ms_ago", *region.compared_ms_ago);
    Pair(reply, "differing_keys", region.differing_keys);
  }
  Pair(reply, "applied", region.applied.ToString());
  Pair(reply, "durable", region.durable.ToString());
  Pair(reply, "connected", region.state == "connected");
}

void Status(CommandContext& context, Arguments arguments) {
  const std::vector<RegionReport> regions = context.node.region_reports();
  if (arguments.size() == 2) {
    context.reply.Array(regions.size());
    for (const RegionReport& region : regions) WriteStatus(context.reply, region);
    return;
  }
  const auto id = ParseRegion(context, arguments[2]);
  if (!id) return;
  const auto region = std::ranges::find(regions, *id, &RegionReport::id);
  if (region == regions.end()) return context.reply.Error("ERR no link to such a region");
  WriteStatus(context.reply, *region);
}

// Does it to one link, or with * to all of them.
template <crdt::Status (Node::*kChange)(crdt::RegionId)>
void ChangeLinks(CommandContext& context, Arguments arguments) {
  std::vector<crdt::RegionId> ids;
  if (arguments[2] == "*") {
    for (const RegionReport& region : context.node.region_reports()) ids.push_back(region.id);
  } else {
    const auto id = ParseRegion(context, arguments[2]);
    if (!id) return;
    ids.push_back(*id);
  }
  for (const crdt::RegionId id : ids) {
    if (const crdt::Status status = (context.node.*kChange)(id); !status) {
      return context.reply.Error("ERR " + status.error().detail);
    }
  }
  context.reply.Ok();
}

void WaitForRegions(CommandContext& context, Arguments arguments) {
  if (context.node.is_replica()) {
    return context.reply.Error("ERR REGION WAIT cannot be used with replica instances.");
  }
  const auto regions = crdt::ParseInteger(arguments[2]);
  if (!regions) return context.reply.Error(kErrorNotAnInteger);
  const auto timeout = ParseTimeout(context, arguments[3]);
  if (!timeout) return;
  AnswerOrWait(context, RegionWait{context.session.last_stamp, *regions}, *timeout);
}

void Nodes(CommandContext& context, Arguments) {
  const std::vector<NodeReport> nodes = context.node.node_reports();
  context.reply.Array(nodes.size());
  for (const NodeReport& node : nodes) {
    context.reply.Map(8);
    Pair(context.reply, "ordinal", node.ordinal);
    Pair(context.reply, "host", node.host);
    Pair(context.reply, "port", node.port);
    Pair(context.reply, "role", node.role);
    Pair(context.reply, "epoch", node.epoch);
    Pair(context.reply, "position", node.position);
    Pair(context.reply, "reachable", node.reachable);
    Pair(context.reply, "self", node.self);
  }
}

constexpr std::string_view kHelp[] = {
    "REGION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "LIST",
    "    All regions with the state of the link to each.",
    "STATUS [<id>]",
    "    The links to all other regions, or to one: lag, what is behind, versions.",
    "PAUSE <id>|*",
    "    Cut a link, both directions, until RESUME or a restart.",
    "RESUME <id>|*",
    "    Heal a link that was paused here.",
    "RELEASE <id>|*",
    "    Take what is held because its author's clock is ahead.",
    "DIFF <id> [KEY <key>|PARTITION <number>] [TIMEOUT <ms>]",
    "    Compare with another region: the keys whose difference nothing explains.",
    "REPAIR <id> [KEY <key>|PARTITION <number>] [TIMEOUT <ms>]",
    "    Take such keys here as they are there.",
    "ADD <id> <name> <host>:<port>[@<peer-port>] [...]",
    "    Make a region with these nodes part of the deployment.",
    "REMOVE <id> [FORCE|CANCEL]",
    "    Let a region leave once the others have all of its writes; FORCE: now; CANCEL: it stays.",
    "WAIT <numregions> <timeout-ms>",
    "    Wait until so many other regions durably have this connection's writes.",
    "NODES",
    "    The nodes of this region.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kAdmin | flag::kLoading | flag::kStale | flag::kNoScript;

constexpr CommandSpec kSubcommands[] = {
    {.name = "region|list",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "meridian",
     .summary = "All regions with the state of the link to each.",
     .since = "",
     .run = List},
    {.name = "region|status",
     .words = {.least = 2, .most = 3},
     .flags = kFlags,
     .group = "meridian",
     .summary = "How the links to the other regions are.",
     .since = "",
     .run = Status},
    {.name = "region|pause",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "meridian",
     .summary = "Cuts a link, both directions.",
     .since = "",
     .run = ChangeLinks<&Node::PauseRegion>},
    {.name = "region|resume",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "meridian",
     .summary = "Heals a link that was paused here.",
     .since = "",
     .run = ChangeLinks<&Node::ResumeRegion>},
    {.name = "region|release",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "meridian",
     .summary =
         "Takes what is held because its author's clock is ahead of this node's. Stamps here "
         "go on from there.",
     .since = "",
     .run = ChangeLinks<&Node::ReleaseRegion>},
    {.name = "region|diff",
     .words = AtLeast(3),
     .flags = flag::kAdmin | flag::kBlocking | flag::kNoScript | flag::kNoMulti,
     .group = "meridian",
     .summary = "Compares what is here with what another region has, and names the keys whose "
                "difference no write that is under way explains. Others are served meanwhile.",
     .since = "",
     .run = DiffRegion},
    {.name = "region|repair",
     .words = AtLeast(3),
     .flags = flag::kAdmin | flag::kBlocking | flag::kNoScript | flag::kNoMulti,
     .group = "meridian",
     .summary = "Takes the keys that differ without an explanation as they are in another region.",
     .since = "",
     .run = RepairRegion},
    {.name = "region|add",
     .words = AtLeast(5),
     .flags = kFlags,
     .group = "meridian",
     .summary = "Makes a region part of the deployment. Every node that can be reached hears of it "
                "at once, the others when they return.",
     .since = "",
     .run = AddRegion},
    {.name = "region|remove",
     .words = {.least = 3, .most = 4},
     .flags = kFlags,
     .group = "meridian",
     .summary = "Takes a region out of the deployment: it takes no writes any more, and is gone "
                "once the others have all that it wrote. FORCE removes one that cannot be reached "
                "at once, without what only it has. CANCEL lets one stay that is leaving.",
     .since = "",
     .run = RemoveRegion},
    {.name = "region|wait",
     .words = Exactly(4),
     .flags = flag::kBlocking | flag::kNoScript,
     .group = "meridian",
     .summary = "Waits until so many other regions durably have this connection's writes, or the "
                "timeout; answers how many have.",
     .since = "",
     .run = WaitForRegions},
    {.name = "region|nodes",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "meridian",
     .summary = "The nodes of this region.",
     .since = "",
     .run = Nodes},
    {.name = "region|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "meridian",
     .summary = "Tells the subcommands.",
     .since = "",
     .run = Help},
};

constexpr CommandSpec kCommands[] = {
    {.name = "region",
     .words = AtLeast(2),
     .group = "meridian",
     .summary = "The other regions, the links to them, and the nodes of this one.",
     .since = "",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> RegionCommands() {
  return kCommands;
}

}  // namespace server
