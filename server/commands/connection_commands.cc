// The connection itself: HELLO, AUTH, PING, ECHO, QUIT, RESET, SELECT.
#include <optional>
#include <string>
#include <string_view>

#include "crdt/string_value.h"
#include "server/client_name.h"
#include "server/commands/command_families.h"
#include "server/commands/database_index.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"
#include "server/transaction.h"
#include "server/version.h"

namespace server {
namespace {

// Looks at every byte of both whatever it finds: the time tells nothing about the password but its
// length.
bool EqualsInConstantTime(std::string_view given, std::string_view password) {
  unsigned char difference = given.size() == password.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = password.empty() ? '\0' : password[i % password.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

constexpr std::string_view kDefaultUser = "default";
constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

bool Authenticate(CommandContext& context, std::string_view user, std::string_view password) {
  const std::string& expected = context.node.config().requirepass;
  const bool matches =
      user == kDefaultUser && (expected.empty() || EqualsInConstantTime(password, expected));
  if (matches) context.session.authenticated = true;
  return matches;
}

void Auth(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 3) return context.reply.Error(kErrorSyntax);
  if (arguments.size() == 2 && context.node.config().requirepass.empty()) {
    return context.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  const std::string_view user = arguments.size() == 3 ? arguments[1] : kDefaultUser;
  if (!Authenticate(context, user, arguments.back())) return context.reply.Error(kWrongPassword);
  context.reply.Ok();
}

// --- HELLO
// -----------------------------------------------------------------------------------------

struct HelloOptions {
  std::optional<Protocol> protocol;
  std::optional<std::string_view> user;
  std::string_view password;
  std::optional<std::string_view> name;
};

// Empty, and the error answered, where the words make no sense.
std::optional<HelloOptions> ParseHello(CommandContext& context, Arguments arguments) {
  HelloOptions options;
  if (arguments.size() == 1) return options;
  const auto version = crdt::ParseInteger(arguments[1]);
  if (!version) {
    context.reply.Error("ERR Protocol version is not an integer or out of range");
    return std::nullopt;
  }
  if (*version != 2 && *version != 3) {
    context.reply.Error("NOPROTO unsupported protocol version");
    return std::nullopt;
  }
  options.protocol = *version == 2 ? Protocol::kResp2 : Protocol::kResp3;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t more = arguments.size() - i - 1;
    if (EqualsIgnoreCase(arguments[i], "auth") && more >= 2) {
      options.user = arguments[i + 1];
      options.password = arguments[i + 2];
      i += 2;
    } else if (EqualsIgnoreCase(arguments[i], "setname") && more >= 1) {
      options.name = arguments[i + 1];
      if (const auto error = ClientNameError(*options.name)) {
        context.reply.Error(*error);
        return std::nullopt;
      }
      i += 1;
    } else {
      context.reply.Error("ERR Syntax error in HELLO option '" + std::string(arguments[i]) + "'");
      return std::nullopt;
    }
  }
  return options;
}

void WriteHello(CommandContext& context) {
  ReplyWriter& reply = context.reply;
  const auto pair = [&](std::string_view name, std::string_view value) {
    reply.Bulk(name);
    reply.Bulk(value);
  };
  reply.Map(8);
  pair("server", "redis");
  pair("version", kRedisVersion);
  pair("meridian_version", kVersion);
  reply.Bulk("proto");
  reply.Integer(static_cast<int>(context.session.protocol));
  reply.Bulk("id");
  reply.Integer(static_cast<std::int64_t>(context.session.id));
  pair("mode", "standalone");
  pair("role", context.node.is_replica() ? "replica" : "master");
  reply.Bulk("modules");
  reply.Array(0);
}

void Hello(CommandContext& context, Arguments arguments) {
  const auto options = ParseHello(context, arguments);
  if (!options) return;
  ClientSession& session = context.session;
  if (options->user && !Authenticate(context, *options->user, options->password)) {
    return context.reply.Error(kWrongPassword);
  }
  if (!session.authenticated && !context.node.config().requirepass.empty()) {
    return context.reply.Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
        "RESP protocol version at the same time");
  }
  if (options->name) session.name = *options->name;
  if (options->protocol) {
    session.protocol = *options->protocol;
    context.reply.set_protocol(session.protocol);
  }
  WriteHello(context);
}

// --- The rest
// --------------------------------------------------------------------------------------

void Ping(CommandContext& context, Arguments arguments) {
  if (arguments.size() > 2) return context.reply.Error(WrongNumberOfArguments("ping"));
  if (arguments.size() == 1) return context.reply.Simple("PONG");
  context.reply.Bulk(arguments[1]);
}

void Echo(CommandContext& context, Arguments arguments) {
  context.reply.Bulk(arguments[1]);
}

void Quit(CommandContext& context, Arguments) {
  context.session.close_after_reply = true;
  context.reply.Ok();
}

void Reset(CommandContext& context, Arguments) {
  ClientSession& session = context.session;
  DiscardTransaction(context.node, session);
  session.name.clear();
  session.authenticated = context.node.config().requirepass.empty();
  session.reply_mode = ReplyMode::kOn;
  session.no_evict = false;
  session.no_touch = false;
  session.protocol = Protocol::kResp2;
  context.reply.set_protocol(session.protocol);
  context.reply.Simple("RESET");
}

void Select(CommandContext& context, Arguments arguments) {
  if (IsTheDatabase(context, arguments[1])) context.reply.Ok();
}

namespace flag = command_flag;
constexpr std::uint32_t kBeforeAuth =
    flag::kNoScript | flag::kLoading | flag::kStale | flag::kFast | flag::kNoAuth;

constexpr CommandSpec kCommands[] = {
    {.name = "hello",
     .words = AtLeast(1),
     .flags = kBeforeAuth,
     .group = "connection",
     .summary = "Agrees on the protocol, RESP2 or RESP3, and tells what the server is.",
     .since = "6.0.0",
     .run = Hello},
    {.name = "auth",
     .words = AtLeast(2),
     .flags = kBeforeAuth,
     .group = "connection",
     .summary = "Shows the password.",
     .since = "1.0.0",
     .run = Auth},
    {.name = "ping",
     .words = AtLeast(1),
     .flags = flag::kFast,
     .group = "connection",
     .summary = "Answers PONG, or the word given.",
     .since = "1.0.0",
     .run = Ping},
    {.name = "echo",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale | flag::kFast,
     .group = "connection",
     .summary = "Answers the word given.",
     .since = "1.0.0",
     .run = Echo},
    {.name = "quit",
     .words = AtLeast(1),
     .flags = kBeforeAuth | flag::kImmediate,
     .group = "connection",
     .summary = "Closes the connection.",
     .since = "1.0.0",
     .run = Quit},
    {.name = "reset",
     .words = Exactly(1),
     .flags = kBeforeAuth | flag::kImmediate,
     .group = "connection",
     .summary = "Puts the connection back to how it began.",
     .since = "6.2.0",
     .run = Reset},
    {.name = "select",
     .words = Exactly(2),
     .flags = flag::kLoading | flag::kStale | flag::kFast,
     .group = "connection",
     .summary = "Selects a database: there is one, 0.",
     .since = "1.0.0",
     .run = Select},
};

}  // namespace

std::span<const CommandSpec> ConnectionCommands() {
  return kCommands;
}

}  // namespace server
