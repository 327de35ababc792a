// MEMORY: what the process, the clients and single keys take.
#include <algorithm>
#include <string>
#include <vector>

#include "crdt/string_value.h"
#include "server/client_line.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/process_usage.h"
#include "server/resp/reply_pairs.h"

namespace server {
namespace {

void Usage(CommandContext& context, Arguments arguments) {
  const Arguments words = arguments.subspan(3);
  if (words.size() == 2 && EqualsIgnoreCase(words[0], "samples")) {
    const auto samples = crdt::ParseInteger(words[1]);
    if (!samples) return context.reply.Error(kErrorNotAnInteger);
    if (*samples < 0) return context.reply.Error(kErrorSyntax);
  } else if (!words.empty()) {
    return context.reply.Error(kErrorSyntax);
  }
  const crdt::KeyView view = context.database.Look(arguments[2]);
  if (!view.exists()) return context.reply.Null();
  context.reply.Integer(static_cast<std::int64_t>(view.memory_bytes()));
}

// --- STATS
// -----------------------------------------------------------------------------------------

struct MemoryUse {
  ProcessUsage process;
  std::uint64_t clients = 0;  // Bytes of their connections.
  std::uint64_t client_count = 0;
  std::uint64_t keys = 0;

  std::uint64_t peak() const {
    return std::max(process.peak_resident_bytes, process.resident_bytes);
  }
  // What is not known to be something else.
  std::uint64_t dataset() const {
    return process.allocated_bytes - std::min(clients, process.allocated_bytes);
  }
};

MemoryUse Measure(const CommandContext& context) {
  MemoryUse use{.process = MeasureProcess(), .keys = context.database.keyspace().visible_keys()};
  const ClientRegistry& clients = context.node.clients();
  context.node.clients().ForEach([&](const ClientSession& session) {
    use.clients += ClientMemory(session, clients.UseOf(session));
    ++use.client_count;
  });
  return use;
}

double Ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(whole, 1));
}

void Stats(CommandContext& context, Arguments) {
  const MemoryUse use = Measure(context);
  const ProcessUsage& process = use.process;
  ReplyWriter& reply = context.reply;
  const auto difference = [](std::uint64_t more, std::uint64_t less) {
    return static_cast<std::int64_t>(more) - static_cast<std::int64_t>(less);
  };
  const auto ratio = [&reply](std::string_view name, double value) {
    reply.Bulk(name);
    reply.Double(value);
  };
  reply.Map(19);
  Pair(reply, "peak.allocated", use.peak());
  Pair(reply, "total.allocated", process.allocated_bytes);
  Pair(reply, "clients.normal", use.clients);
  Pair(reply, "overhead.total", use.clients);
  Pair(reply, "keys.count", use.keys);
  Pair(reply, "keys.bytes-per-key", use.keys == 0 ? 0 : use.dataset() / use.keys);
  Pair(reply, "dataset.bytes", use.dataset());
  ratio("dataset.percentage", 100 * Ratio(use.dataset(), process.allocated_bytes));
  ratio("peak.percentage", 100 * Ratio(process.resident_bytes, use.peak()));
  Pair(reply, "allocator.allocated", process.allocated_bytes);
  Pair(reply, "allocator.active", process.active_bytes);
  Pair(reply, "allocator.resident", process.mapped_bytes);
  ratio("allocator-fragmentation.ratio", Ratio(process.active_bytes, process.allocated_bytes));
  Pair(reply, "allocator-fragmentation.bytes",
       difference(process.active_bytes, process.allocated_bytes));
  ratio("allocator-rss.ratio", Ratio(process.mapped_bytes, process.active_bytes));
  Pair(reply, "allocator-rss.bytes", difference(process.mapped_bytes, process.active_bytes));
  ratio("rss-overhead.ratio", Ratio(process.resident_bytes, process.mapped_bytes));
  ratio("fragmentation", Ratio(process.resident_bytes, process.allocated_bytes));
  Pair(reply, "fragmentation.bytes", difference(process.resident_bytes, process.allocated_bytes));
}

// --- DOCTOR
// ----------------------------------------------------------------------------------------

void Doctor(CommandContext& context, Arguments) {
  // As Redis' doctor judges.
  constexpr std::uint64_t kLittleBytes = 5 << 20;
  constexpr std::uint64_t kMuchOfAClient = 200 << 10;
  constexpr std::uint64_t kMuchWaste = 10 << 20;
  const MemoryUse use = Measure(context);
  const ProcessUsage& process = use.process;
  if (process.allocated_bytes < kLittleBytes) {
    return context.reply.Verbatim(
        "txt", "The server holds so little that nothing can be said of its memory.\n");
  }
  std::string text;
  if (Ratio(use.peak(), process.resident_bytes) > 1.5) {
    text +=
        "* The process took more than 1.5 times as much memory in the past. What is resident "
        "beyond "
        "the data is given back little by little; MEMORY PURGE does it now.\n";
  }
  if (Ratio(process.active_bytes, process.allocated_bytes) > 1.1 &&
      process.active_bytes - process.allocated_bytes > kMuchWaste) {
    text +=
        "* The allocator's pages are fragmented: keys of other sizes than those that were deleted "
        "do not fill their places. A restart makes it whole.\n";
  }
  if (Ratio(process.mapped_bytes, process.active_bytes) > 1.1 &&
      process.mapped_bytes - process.active_bytes > kMuchWaste) {
    text += "* The allocator keeps many pages that it does not use: see MEMORY PURGE.\n";
  }
  if (use.client_count > 0 && use.clients / use.client_count > kMuchOfAClient) {
    text +=
        "* Clients take more than 200 KiB each, on average: CLIENT LIST tells whose replies wait "
        "(omem) and whose requests are long (qbuf).\n";
  }
  if (text.empty()) text = "No problem was found with the memory of this server.\n";
  context.reply.Verbatim("txt", text);
}

// --- The allocator
// ---------------------------------------------------------------------------------

void MallocStats(CommandContext& context, Arguments) {
  const std::string report = AllocatorReport();
  context.reply.Verbatim("txt",
                         report.empty() ? "Stats not supported for the current allocator" : report);
}

void Purge(CommandContext& context, Arguments) {
  PurgeAllocator();
  context.reply.Ok();
}

constexpr std::string_view kHelp[] = {
    "MEMORY <subcommand> [<arg> ...]. Subcommands are:",
    "DOCTOR",
    "    What is wrong with the use of memory, for people.",
    "MALLOC-STATS",
    "    What the allocator tells of itself.",
    "PURGE",
    "    Have the allocator give back what it does not need.",
    "STATS",
    "    What takes how much.",
    "USAGE <key> [SAMPLES <count>]",
    "    Bytes that the key and its value take, about.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;

constexpr CommandSpec kSubcommands[] = {
    {.name = "memory|doctor",
     .words = Exactly(2),
     .group = "server",
     .summary = "What is wrong with the use of memory, for people.",
     .since = "4.0.0",
     .run = Doctor},
    {.name = "memory|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "server",
     .summary = "What the subcommands are.",
     .since = "4.0.0",
     .run = Help},
    {.name = "memory|malloc-stats",
     .words = Exactly(2),
     .group = "server",
     .summary = "What the allocator tells of itself.",
     .since = "4.0.0",
     .run = MallocStats},
    {.name = "memory|purge",
     .words = Exactly(2),
     .group = "server",
     .summary = "Has the allocator give back what it does not need.",
     .since = "4.0.0",
     .run = Purge},
    {.name = "memory|stats",
     .words = Exactly(2),
     .group = "server",
     .summary = "What takes how much memory.",
     .since = "4.0.0",
     .run = Stats},
    {.name = "memory|usage",
     .words = AtLeast(3),
     .keys = KeyPositions{2, 2, 1},
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .group = "server",
     .summary = "Bytes that a key takes.",
     .since = "4.0.0",
     .run = Usage},
};

constexpr CommandSpec kCommands[] = {
    {.name = "memory",
     .words = AtLeast(2),
     .group = "server",
     .summary = "Looks into the use of memory.",
     .since = "4.0.0",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> MemoryCommands() {
  return kCommands;
}

}  // namespace server
