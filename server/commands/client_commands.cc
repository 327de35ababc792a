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
#include "server/commands/client_kill.h"
#include "server/commands/command_families.h"
#include "server/commands/help_reply.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/wait.h"

namespace server {
namespace {

void Id(CommandContext& context, Arguments) {
  context.reply.Integer(static_cast<std::int64_t>(context.session.id));
}

std::string LineOf(const CommandContext& context, const ClientSession& session) {
  return ClientLine(session, context.node.clients().UseOf(session), context.node.steady_ms());
}

void Info(CommandContext& context, Arguments) {
  context.reply.Verbatim("txt", LineOf(context, context.session) + "\n");
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
    lines.append(LineOf(context, session)).append("\n");
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

// Whether the client's command waits for something that may have a timeout.
bool IsUnblockable(const ClientSession& session) {
  return session.waiting && !std::holds_alternative<StopWait>(session.waiting->what) &&
         !std::holds_alternative<PauseWait>(session.waiting->what);
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

// --- PAUSE
// -----------------------------------------------------------------------------------------

void Pause(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 4) {
    return context.reply.Error(
        "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.");
  }
  auto scope = ClientPause::Scope::kAll;
  if (arguments.size() == 4) {
    if (EqualsIgnoreCase(arguments[3], "write")) {
      scope = ClientPause::Scope::kWrites;
    } else if (!EqualsIgnoreCase(arguments[3], "all")) {
      return context.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  const auto timeout_ms = ParseTimeout(context, arguments[2]);
  if (!timeout_ms) return;
  context.node.pause().Begin(scope, context.node.steady_ms() + *timeout_ms);
  context.reply.Ok();
}

void Unpause(CommandContext& context, Arguments) {
  context.node.pause().End();
  context.reply.Ok();
}

// --- Tracking, which there is not
// ------------------------------------------------------------------

void Tracking(CommandContext& context, Arguments arguments) {
  const auto on = ParseSwitch(context, arguments[2]);
  if (!on) return;
  if (*on) {
    return context.reply.Error(
        "ERR this server does not tell clients of keys that change: CLIENT TRACKING is not "
        "supported");
  }
  context.reply.Ok();
}

void TrackingInfo(CommandContext& context, Arguments) {
  context.reply.Map(3);
  context.reply.Bulk("flags");
  context.reply.Set(1);
  context.reply.Bulk("off");
  context.reply.Bulk("redirect");
  context.reply.Integer(-1);
  context.reply.Bulk("prefixes");
  context.reply.Array(0);
}

void GetRedir(CommandContext& context, Arguments) {
  context.reply.Integer(-1);
}

void Caching(CommandContext& context, Arguments) {
  context.reply.Error(
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
      "OPTOUT mode enabled");
}

constexpr std::string_view kHelp[] = {
    "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "CACHING YES|NO",
    "    An error: keys that change are not tracked.",
    "GETNAME",
    "    The name of this connection.",
    "GETREDIR",
    "    -1: keys that change are not tracked.",
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
    "PAUSE <timeout> [WRITE|ALL]",
    "    Hold all commands (default), or those that write, back for so many milliseconds.",
    "REPLY ON|OFF|SKIP",
    "    Whether commands are answered.",
    "SETINFO LIB-NAME|LIB-VER <value>",
    "    Tell the library that is used.",
    "SETNAME <name>",
    "    Name this connection.",
    "TRACKING ON|OFF ...",
    "    ON is refused: keys that change are not tracked.",
    "TRACKINGINFO",
    "    That tracking is off.",
    "UNPAUSE",
    "    End a pause.",
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
    {.name = "client|caching",
     .words = Exactly(3),
     .flags = kFlags,
     .group = "connection",
     .summary = "Answers an error: keys that change are not tracked for clients.",
     .since = "6.0.0",
     .run = Caching},
    {.name = "client|getname",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "connection",
     .summary = "The name of this connection.",
     .since = "2.6.9",
     .run = GetName},
    {.name = "client|getredir",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "connection",
     .summary = "Answers -1: keys that change are not tracked for clients.",
     .since = "6.0.0",
     .run = GetRedir},
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
     .run = KillClients},
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
    {.name = "client|pause",
     .words = AtLeast(3),
     .flags = kAdminFlags,
     .group = "connection",
     .summary =
         "Holds commands back for some time, all or those that write. What other nodes send is "
         "taken; CLIENT UNPAUSE is carried out.",
     .since = "3.0.0",
     .run = Pause},
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
    {.name = "client|tracking",
     .words = AtLeast(3),
     .flags = kFlags,
     .group = "connection",
     .summary = "Refuses ON: keys that change are not tracked for clients.",
     .since = "6.0.0",
     .run = Tracking},
    {.name = "client|trackinginfo",
     .words = Exactly(2),
     .flags = kFlags,
     .group = "connection",
     .summary = "Tells that keys that change are not tracked for clients.",
     .since = "6.2.0",
     .run = TrackingInfo},
    {.name = "client|unblock",
     .words = {3, 4},
     .flags = kAdminFlags,
     .group = "connection",
     .summary = "Ends the wait of a client that is blocked.",
     .since = "5.0.0",
     .run = Unblock},
    {.name = "client|unpause",
     .words = Exactly(2),
     .flags = kAdminFlags,
     .group = "connection",
     .summary = "Ends a pause.",
     .since = "6.2.0",
     .run = Unpause},
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
