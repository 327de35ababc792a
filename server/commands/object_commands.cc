// OBJECT: how a value would be stored by Redis, and when it was used.
#include <array>
#include <string>

#include "crdt/string_value.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/node.h"

namespace server {
namespace {

using crdt::KeyView;
using crdt::ValueType;

// Redis' default thresholds: tools draw conclusions from the names.
constexpr std::size_t kMostEmbeddedBytes = 44;
constexpr std::size_t kMostListpackEntries = 128;
constexpr std::size_t kMostListpackValue = 64;
constexpr std::size_t kMostListpackBytes = 8192;
constexpr std::size_t kListpackOverhead = 1;
constexpr std::size_t kMostIntsetEntries = 512;

std::string_view SortedSetEncoding(const crdt::SortedSet& set) {
  bool small = set.size() <= kMostListpackEntries;
  if (small) {
    set.members().ForEach([&small](std::string_view name, std::string_view) {
      small = small && name.size() <= kMostListpackValue;
    });
  }
  return small ? "listpack" : "skiplist";
}

// A list of up to 8 KiB is one listpack, with a few bytes around each element.
std::string_view ListEncoding(const crdt::ListValue& list) {
  std::size_t bytes = 0;
  list.ForEach(0, kMostListpackBytes, [&bytes](const crdt::ListElementView& element) {
    bytes += element.body().size() + kListpackOverhead;
    return bytes <= kMostListpackBytes;
  });
  return bytes <= kMostListpackBytes ? "listpack" : "quicklist";
}

std::string_view EncodingOf(const KeyView& view) {
  if (view.type() == ValueType::kString) {
    std::string scratch;
    const std::string_view text = view.Text(scratch);
    if (crdt::ParseInteger(text)) return "int";
    return text.size() <= kMostEmbeddedBytes ? "embstr" : "raw";
  }
  if (view.type() == ValueType::kList) return ListEncoding(view.list());
  if (view.type() == ValueType::kSortedSet) return SortedSetEncoding(view.sorted_set());
  if (view.type() == ValueType::kStream) return "stream";
  if (view.type() == ValueType::kHyperLogLog) return "raw";
  bool integers = view.type() == ValueType::kSet;
  bool small = true;
  view.elements().ForEach([&](std::string_view name, std::string_view value) {
    integers = integers && crdt::ParseInteger(name).has_value();
    small = small && name.size() <= kMostListpackValue && value.size() <= kMostListpackValue;
  });
  const std::uint64_t size = view.elements().size();
  if (integers && size <= kMostIntsetEntries) return "intset";
  return small && size <= kMostListpackEntries ? "listpack" : "hashtable";
}

// The key of a subcommand; a key that is not there is answered as null.
KeyView KeyOrNull(CommandContext& context, std::string_view key) {
  const KeyView view = context.database.Look(key);
  if (!view.exists()) context.reply.Null();
  return view;
}

void Encoding(CommandContext& context, Arguments arguments) {
  const KeyView view = KeyOrNull(context, arguments[2]);
  if (view.exists()) context.reply.Bulk(EncodingOf(view));
}

void RefCount(CommandContext& context, Arguments arguments) {
  if (KeyOrNull(context, arguments[2]).exists()) context.reply.Integer(1);
}

void IdleTime(CommandContext& context, Arguments arguments) {
  if (!KeyOrNull(context, arguments[2]).exists()) return;
  context.reply.Integer(context.database.keyspace().IdleSeconds(arguments[2]));
}

void Freq(CommandContext& context, Arguments arguments) {
  if (!KeyOrNull(context, arguments[2]).exists()) return;
  context.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void ObjectHelp(CommandContext& context, Arguments) {
  static constexpr std::array<std::string_view, 9> kLines = {
      "OBJECT <subcommand> <key>. Subcommands are:",
      "ENCODING",
      "    How Redis would store the value.",
      "FREQ",
      "    The access frequency; not tracked.",
      "IDLETIME",
      "    Seconds since a client of this node last read or wrote the key, or since it came.",
      "REFCOUNT",
      "    The number of references: 1."};
  WriteHelp(context.reply, kLines);
}

constexpr KeyPositions kSecondWord{2, 2, 1};

constexpr CommandSpec kObject[] = {
    {.name = "object|encoding",
     .words = Exactly(3),
     .keys = kSecondWord,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .group = "generic",
     .summary = "How Redis would store the value.",
     .since = "2.2.3",
     .run = Encoding},
    {.name = "object|refcount",
     .words = Exactly(3),
     .keys = kSecondWord,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .group = "generic",
     .summary = "The number of references.",
     .since = "2.2.3",
     .run = RefCount},
    {.name = "object|idletime",
     .words = Exactly(3),
     .keys = kSecondWord,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .group = "generic",
     .summary = "Seconds since a client of this node last read or wrote the key, or since it came "
                "here.",
     .since = "2.2.3",
     .run = IdleTime},
    {.name = "object|freq",
     .words = Exactly(3),
     .keys = kSecondWord,
     .key_use = KeyUse::kLook,
     .access = Access::kRead,
     .group = "generic",
     .summary = "The access frequency.",
     .since = "4.0.0",
     .run = Freq},
    {.name = "object|help",
     .words = Exactly(2),
     .flags = command_flag::kLoading | command_flag::kStale,
     .group = "generic",
     .summary = "What the subcommands are.",
     .since = "6.2.0",
     .run = ObjectHelp},
};

constexpr CommandSpec kCommands[] = {
    {.name = "object",
     .words = AtLeast(2),
     .group = "generic",
     .summary = "Looks into how a value is stored.",
     .since = "2.2.3",
     .subcommands = kObject},
};

}  // namespace

std::span<const CommandSpec> ObjectCommands() {
  return kCommands;
}

}  // namespace server
