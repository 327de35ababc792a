// How a command is declared and what its handler sees.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/client_session.h"
#include "server/database.h"
#include "server/resp/reply_writer.h"

namespace server {

class Node;

using Arguments = std::span<const std::string_view>;  // [0] is the command's name as typed.

struct CommandContext {
  Database& database;
  ClientSession& session;
  ReplyWriter& reply;
  // The node's other parts, for commands about the server itself. Data commands have no use for it.
  Node& node;
  bool in_exec = false;  // Inside EXEC: nothing may wait.
  bool woken = false;    // It waited for keys, and one of them has changed.
};

enum class Access : std::uint8_t { kNone, kRead, kWrite };

// How many words a command has, its name counted.
struct Arity {
  int least = 1;
  int most = -1;  // -1: any number.
  // As COMMAND INFO tells it: exact, or minus the least.
  constexpr int AsRedis() const { return most == least ? least : -least; }
};
constexpr Arity Exactly(int words) {
  return {words, words};
}
constexpr Arity AtLeast(int words) {
  return {words, -1};
}

// Which words are keys: first, last (negative counts from the end), step. first 0: none.
struct KeyPositions {
  int first = 0;
  int last = 0;
  int step = 1;
};
inline constexpr KeyPositions kNoKeys{0, 0, 0};
inline constexpr KeyPositions kOneKey{1, 1, 1};
inline constexpr KeyPositions kTwoKeys{1, 2, 1};
inline constexpr KeyPositions kAllKeys{1, -1, 1};
inline constexpr KeyPositions kKeyValuePairs{1, -1, 2};

// Keys that stand behind a word of its own, where that is given: one (GEORADIUS … STORE key), or
// the first half of all that follows (XREAD … STREAMS key … ID …).
enum class KeywordKeys : std::uint8_t { kNext, kFirstHalf };
struct KeywordKey {
  std::string_view keyword;  // Upper case.
  int from = 1;              // The first place where it may stand.
  KeywordKeys keys = KeywordKeys::kNext;
};

// What is done to the value of a key, as COMMAND INFO tells it.
enum class KeyUse : std::uint8_t {
  kByAccess,        // kRead or kUpdate, as the command's access says.
  kLook,            // Only facts about it are answered.
  kRead,            // Data of it is answered.
  kOverwrite,       // Replaced, whatever it was.
  kCreate,          // Set where it is not there.
  kUpdate,          // Changed.
  kReadAndUpdate,   // Changed, and data of it answered.
  kReadAndRefresh,  // Data of it is answered; how it is kept may change.
  kInsert,          // Added to.
  kReadAndInsert,   // Added to, after a look at what is there.
  kDelete,          // Taken away from.
  kTake,            // Taken away from, and what was taken is answered.
  kRemove,          // Removed, whatever it was.
};

namespace command_flag {
inline constexpr std::uint32_t kFast = 1;
inline constexpr std::uint32_t kAdmin = 2;
inline constexpr std::uint32_t kNoAuth = 4;   // Works before AUTH.
inline constexpr std::uint32_t kNoMulti = 8;  // Refused inside MULTI.
inline constexpr std::uint32_t kImmediate =
    16;  // Inside MULTI executed, not queued (EXEC, DISCARD …).
inline constexpr std::uint32_t kBlocking = 32;
inline constexpr std::uint32_t kDenyOom = 64;       // As Redis' flag, for COMMAND INFO.
inline constexpr std::uint32_t kMovableKeys = 128;  // Positions depend on a count (SINTERCARD …).
inline constexpr std::uint32_t kLoading = 256;      // Works while the log is replayed.
inline constexpr std::uint32_t kStale = 512;        // As Redis' flag.
inline constexpr std::uint32_t kNoScript = 1024;    // As Redis' flag.
inline constexpr std::uint32_t kSkipMonitor = 2048;
inline constexpr std::uint32_t kDangerous =
    4096;  // Of Redis' category of that name; admin ones are.
// Some keys are named by what others hold, or stand anywhere (SORT): told as unknown.
inline constexpr std::uint32_t kKeysInContent = 8192;
inline constexpr std::uint32_t kAllKeys = 16384;  // Looks at all keys that there are.
}  // namespace command_flag

struct CommandSpec {
  std::string_view name;  // Lower case.
  Arity words;
  KeyPositions keys = kNoKeys;
  KeyUse key_use = KeyUse::kByAccess;
  KeyUse first_key_use = KeyUse::kByAccess;  // Where the first key is used otherwise than the rest.
  Access access = Access::kNone;
  std::uint32_t flags = 0;
  std::string_view group;            // "string", "generic", …: as Redis groups them.
  std::string_view category = {};    // Where it is another one than the group's, or several: "a,b".
  std::string_view summary;          // One sentence.
  std::string_view when_concurrent;  // What holds when regions do it at once; empty for reads.
  std::string_view since = "1.0.0";  // The Redis version that brought it; empty: Meridian's own.
  // Answers exactly once through context.reply, or leaves context.session.waiting set.
  void (*run)(CommandContext& context, Arguments arguments) = nullptr;
  // Of commands with kMovableKeys: the numkeys word. 0: none.
  int key_count_position = 0;
  // Their use is key_use.
  std::span<const KeywordKey> keyword_keys = {};
  // Where the words decide what is done to the keys: COMMAND INFO tells key_use, COMMAND
  // GETKEYSANDFLAGS this.
  KeyUse (*key_use_of)(Arguments arguments) = nullptr;
  std::span<const CommandSpec> subcommands = {};
};

// Which keys it looks at cannot be told from its words.
inline bool NeedsAllKeys(const CommandSpec& spec) {
  return (spec.flags & (command_flag::kAllKeys | command_flag::kKeysInContent)) != 0;
}

}  // namespace server
