// CLIENT: who is connected, what they call themselves, and ending connections.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crdt/string_value.h"
#include "server/client_line.h"
#include "server/client_name.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {
namespace {

void Id(CommandContext& context, Arguments) {
  context.reply.Integer(static_cast<std::int64_t>(context.session.id));
}

void Info(CommandContext& context, Arguments) {
  context.reply.Verbatim("txt", ClientLine(context.session, context.node.steady_ms()) + "\n");
}

// Everybody who is connected here is a normal client: replicas and regions have connections of
// their own. Empty, and the error answered, where there is no such type.
std::optional<bool> IsNormalType(CommandContext& context, std::string_view type) {
  if (EqualsIgnoreCase(type, "normal")) return true;
  for (const std::string_view other : {"master", "slave", "replica", "pubsub"}) {
    if (EqualsIgnoreCase(type, other)) return false;
  }
  context.reply.Error(std::string("ERR Unknown client type '").append(Told(type)).append("'"));
  return std::nullopt;
}

void List(CommandContext& context, Arguments arguments) {
  std::optional<std::vector<std::uint64_t>> ids;
  if (arguments.size() == 4 && EqualsIgnoreCase(arguments[2], "type")) {
    const auto normal = IsNormalType(context, arguments[3]);
    if (!normal) return;
    if (!*normal) ids.emplace();
  } else if (arguments.size() > 3 && EqualsIgnoreCase(arguments[2], "id")) {
    ids.emplace();
    for (const std::string_view word : arguments.subspan(3)) {
      const auto id = crdt::ParseInteger(word);
      if (!id) return context.reply.Error("ERR Invalid client ID");
      ids->push_back(static_cast<std::uint64_t>(*id));
    }
  } else if (arguments.size() != 2) {
    return context.reply.Error(kErrorSyntax);
  }
  std::string lines;
  context.node.clients().ForEach([&](const ClientSession& session) {
    if (ids && std::ranges::find(*ids, session.id) == ids->end()) return;
    lines.append(ClientLine(session, context.node.steady_ms())).append("\n");
  });
  context.reply.Verbatim("txt", lines);
}

void SetName(CommandContext& context, Arguments arguments) {
  if (const auto error = ClientNameError(arguments[2])) return context.reply.Error(*error);
  context.session.name = arguments[2];
  context.reply.Ok();
}

void GetName(CommandContext& context, Arguments) {
  if (context.session.name.empty()) return context.reply.Null();
  context.reply.Bulk(context.session.name);
}

void SetInfo(CommandContext& context, Arguments arguments) {
  const bool is_name = EqualsIgnoreCase(arguments[2], "lib-name");
  if (!is_name && !EqualsIgnoreCase(arguments[2], "lib-ver")) {
    return context.reply.Error(
        std::string("ERR Unrecognized option '").append(Told(arguments[2])).append("'"));
  }
  if (!IsPlainWord(arguments[3])) {
    return context.reply.Error("ERR " + std::string(arguments[2]) +
                               " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? context.session.library_name : context.session.library_version) = arguments[3];
  context.reply.Ok();
}

// --- KILL
// ------------------------------------------------------------------------------------------

struct KillFilter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::int64_t> oldest_ms;
  bool nobody = false;  // A type of which nobody is.
  bool skip_me = true;

  bool Matches(const ClientSession& session, std::int64_t steady_ms) const {
    return !nobody && (!id || session.id == *id) && (!address || session.address == *address) &&
           (!local_address || session.local_address == *local_address) &&
           (!oldest_ms || steady_ms - session.connected_steady_ms >= *oldest_ms);
  }
};

std::int64_t KillMatching(CommandContext& context, const KillFilter& filter) {
  std::vector<std::uint64_t> ids;
  context.node.clients().ForEach([&](const ClientSession& session) {
    if (filter.skip_me && session.id == context.session.id) return;
    if (filter.Matches(session, context.node.steady_ms())) ids.push_back(session.id);
  });
  for (const std::uint64_t id : ids) {
    if (id == context.session.id) {
      context.session.close_after_reply = true;
    } else {
      context.node.clients().Kill(id);
    }
  }
  return static_cast<std::int64_t>(ids.size());
}

// Takes one option of the new form; answers the error and false where it makes no sense.
bool TakeOption(CommandContext& context, std::string_view name, std::string_view value,
                KillFilter& filter) {
  const auto refuse = [&](std::string_view error) {
    context.reply.Error(error);
    return false;
  };
  if (EqualsIgnoreCase(name, "id")) {
    const auto id = crdt::ParseInteger(value);
    if (!id || *id < 1) return refuse("ERR client-id should be greater than 0");
    filter.id = static_cast<std::uint64_t>(*id);
  } else if (EqualsIgnoreCase(name, "maxage")) {
    const auto seconds = crdt::ParseInteger(value);
    if (!seconds) return refuse("ERR maxage is not an integer or out of range");
    if (*seconds < 1) return refuse("ERR maxage should be greater than 0");
    constexpr std::int64_t kCenturySeconds = 100LL * 366 * 86400;
    filter.oldest_ms = std::min(*seconds, kCenturySeconds) * 1000;
  } else if (EqualsIgnoreCase(name, "type")) {
    const auto normal = IsNormalType(context, value);
    if (!normal) return false;
    filter.nobody = !*normal;
  } else if (EqualsIgnoreCase(name, "addr")) {
    filter.address = value;
  } else if (EqualsIgnoreCase(name, "laddr")) {
    filter.local_address = value;
  } else if (EqualsIgnoreCase(name, "user")) {
    if (value != "default")
      return refuse(std::string("ERR No such user '").append(Told(value)).append("'"));
  } else if (EqualsIgnoreCase(name, "skipme")) {
    filter.skip_me = EqualsIgnoreCase(value, "yes");
    if (!filter.skip_me && !EqualsIgnoreCase(value, "no")) return refuse(kErrorSyntax);
  } else {
    return refuse(kErrorSyntax);
  }
  return true;
}

void Kill(CommandContext& context, Arguments arguments) {
  KillFilter filter;
  if (arguments.size() == 3) {
    filter.address = arguments[2];
    filter.skip_me = false;
    if (KillMatching(context, filter) == 0) return context.reply.Error("ERR No such client");
    return context.reply.Ok();
  }
  if (arguments.size() % 2 != 0) return context.reply.Error(kErrorSyntax);
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    if (!TakeOption(context, arguments[i], arguments[i + 1], filter)) return;
  }
  context.reply.Integer(KillMatching(context, filter));
}

// --- Switches
// --------------------------------------------------------------------------------------

// Empty, and the error answered, where the word is neither ON nor OFF.
std::optional<bool> ParseSwitch(CommandContext& context, std::string_view word) {
  if (EqualsIgnoreCase(word, "on")) return true;
  if (EqualsIgnoreCase(word, "off")) return false;
  context.reply.Error(kErrorSyntax);
  return std::nullopt;
}

template <bool ClientSession::* kSwitch>
void SetSwitch(CommandContext& context, Arguments arguments) {
  const auto on = ParseSwitch(context, arguments[2]);
  if (!on) return;
  context.session.*kSwitch = *on;
  context.reply.Ok();
}

// Whether a client that can be named waits: no SHUTDOWN does, which waits for the server.
bool IsUnblockable(const ClientSession& session) {
  return session.waiting && !std::holds_alternative<StopWait>(session.waiting->what);
}

void Unblock(CommandContext& context, Arguments arguments) {
  bool with_error = false;
  if (arguments.size() == 4) {
    with_error = EqualsIgnoreCase(arguments[3], "error");
    if (!with_error && !EqualsIgnoreCase(arguments[3], "timeout")) {
      return context.reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  const std::optional<std::int64_t> id = crdt::ParseInteger(arguments[2]);
  if (!id) return context.reply.Error(kErrorNotAnInteger);
  ClientSession* found = nullptr;
  context.node.clients().ForEach([&](ClientSession& session) {
    if (static_cast<std::int64_t>(session.id) == *id) found = &session;
  });
  if (found == nullptr || !IsUnblockable(*found)) return context.reply.Integer(0);
  context.node.EndWait(*found, with_error ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : "");
  context.reply.Integer(1);
}

// The dispatcher takes back replies that are not wanted; here only ON answers.
void Reply(CommandContext& context, Arguments arguments) {
  ReplyMode& mode = context.session.reply_mode;
  if (EqualsIgnoreCase(arguments[2], "on")) {
    mode = ReplyMode::kOn;
    context.reply.Ok();
  } else if (EqualsIgnoreCase(arguments[2], "off")) {
    mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(arguments[2], "skip")) {
    if (mode != ReplyMode::kOff) mode = ReplyMode::kSkipNext;
  } else {
    context.reply.Error(kErrorSyntax);
  }
}

constexpr std::string_view kHelp[] = {
    "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "GETNAME",
    "    The name of this connection.",
    "ID",
    "    The number of this connection.",
    "INFO",
    "    What is known of this connection.",
    "KILL <ip:port>",
    "    End the connection from this address.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    End the connections that match all of: ADDR <ip:port>, LADDR <ip:port>, ID <id>,",
    "    MAXAGE <seconds>, TYPE <type>, USER <user>. SKIPME yes|no: leave this one (default: yes).",
    "LIST [TYPE <type> | ID <id> [<id> ...]]",
    "    What is known of the connections.",
    "NO-EVICT ON|OFF",
    "    Accepted; clients are not evicted.",
    "NO-TOUCH ON|OFF",
    "    Whether this connection's commands leave the idle times of keys as they are; TOUCH never "
    "does.",
    "REPLY ON|OFF|SKIP",
    "    Whether commands are answered.",
    "SETINFO LIB-NAME|LIB-VER <value>",
    "    Tell the library that is used.",
    "SETNAME <name>",
    "    Name this connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    End a client's wait, as after its timeout or with an error.",
    "HELP",
    "    Print this help.",
};

void Help(CommandContext& context, Arguments) {
  WriteHelp(context.reply, kHelp);
}

namespace flag = command_flag;
constexpr std::uint32_t kFlags = flag::kNoScript | flag::kLoading | flag::kStale;
constexpr std::uint32_t kAdminFlags = kFlags | flag::kAdmin;

constexpr CommandSpec kSubcommands[] = {
    {.name = "client|getname",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "connection",
     .summary = "The name of this connection.",
     .since = "2.6.9",
     .run = GetName},
    {.name = "client|help",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale,
     .group = "connection",
     .summary = "Tells the subcommands.",
     .since = "5.0.0",
     .run = Help},
    {.name = "client|id",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "connection",
     .summary = "The number of this connection.",
     .since = "5.0.0",
     .run = Id},
    {.name = "client|info",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "connection",
     .summary = "What is known of this connection.",
     .since = "6.2.0",
     .run = Info},
    {.name = "client|kill",
     .words = AtLeast(3),
     .flags = kAdminFlags,
     .group = "connection",
     .summary = "Ends connections.",
     .since = "2.4.0",
     .run = Kill},
    {.name = "client|list",
     .words = AtLeast(2),
     .flags = kAdminFlags,
     .group = "connection",
     .summary = "What is known of the connections.",
     .since = "2.4.0",
     .run = List},
    {.name = "client|no-evict",
     .words = Exactly(3),
     .flags = kAdminFlags,
     .group = "connection",
     .summary = "Accepted without effect: clients are not evicted.",
     .since = "7.0.0",
     .run = SetSwitch<&ClientSession::no_evict>},
    {.name = "client|no-touch",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "connection",
     .summary = "Whether this connection's commands leave the idle times of keys as they are.",
     .since = "7.2.0",
     .run = SetSwitch<&ClientSession::no_touch>},
    {.name = "client|reply",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "connection",
     .summary = "Whether commands are answered.",
     .since = "3.2.0",
     .run = Reply},
    {.name = "client|setinfo",
     .words = Exactly(4),
     .flags = kFlags,
     .group = "connection",
     .summary = "Tells the library that the client uses.",
     .since = "7.2.0",
     .run = SetInfo},
    {.name = "client|setname",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "connection",
     .summary = "Names this connection.",
     .since = "2.6.9",
     .run = SetName},
    {.name = "client|unblock",
     .words = {3, 4},
     .flags = kAdminFlags,
     .group = "connection",
     .summary = "Ends the wait of a client that is blocked.",
     .since = "5.0.0",
     .run = Unblock},
};

constexpr CommandSpec kCommands[] = {
    {.name = "client",
     .words = AtLeast(2),
     .group = "connection",
     .summary = "The connections of clients.",
     .since = "2.4.0",
     .subcommands = kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ClientCommands() {
  return kCommands;
}

}  // namespace server
