#include "server/dispatcher.h"

#include <string>

#include "server/command_keys.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/transaction.h"

namespace server {
namespace {

bool Has(const CommandSpec& spec, std::uint32_t flag) {
  return (spec.flags & flag) != 0;
}

bool IsExec(const CommandSpec& spec) {
  return spec.name == "exec";
}

// Redis tells at most this many bytes of an unknown command and of its arguments.
constexpr std::size_t kToldBytes = 128;
// As many different error codes as INFO errorstats tells.
constexpr std::size_t kToldErrorCodes = 128;

std::string UnknownCommand(Arguments arguments) {
  if (const CommandSpec* command = FindCommand(arguments[0]); command != nullptr) {
    return std::string("ERR unknown subcommand '")
        .append(Told(arguments[1], kToldBytes))
        .append("'. Try ")
        .append(UpperCase(command->name))
        .append(" HELP.");
  }
  std::string told;
  for (std::size_t i = 1; i < arguments.size() && told.size() < kToldBytes; ++i) {
    const std::string_view word = Told(arguments[i], kToldBytes - told.size());
    told.append("'").append(word).append("' ");
  }
  return std::string("ERR unknown command '")
      .append(Told(arguments[0], kToldBytes))
      .append("', with args beginning with: ")
      .append(told);
}

bool MayUseWithoutPassword(Node& node, ClientSession& session) {
  if (!node.config().requirepass.empty()) return false;
  session.authenticated = true;  // And stays so when a password is set later, as in Redis.
  return true;
}

void CountError(ServerStats& stats, std::string_view reply) {
  ++stats.error_replies;
  const std::string_view code = reply.substr(1, reply.find_first_of(" \r") - 1);
  const auto known = stats.errors_by_code.find(code);
  if (known != stats.errors_by_code.end()) {
    ++known->second;
  } else if (stats.errors_by_code.size() < kToldErrorCodes) {
    stats.errors_by_code.emplace(code, 1);
  }
}

// After a call that was timed.
void NoteTime(const CommandContext& context, const CommandSpec& spec, Arguments arguments,
              std::int64_t usec) {
  const geo_config::Config& config = context.node.config();
  SlowCalls& slow = context.node.slow_calls();
  const std::int64_t unix_s = context.database.now_ms() / 1000;
  // What EXEC carries out is noted by itself.
  if (config.slowlog_log_slower_than >= 0 && usec >= config.slowlog_log_slower_than &&
      !IsExec(spec)) {
    slow.log.Add(spec, arguments, context.session, unix_s, usec, config.slowlog_max_len);
  }
  const auto ms = usec / 1000;
  const auto threshold = static_cast<std::int64_t>(config.latency_monitor_threshold);
  if (threshold > 0 && ms >= threshold) {
    slow.latency.Add(Has(spec, command_flag::kFast) ? "fast-command" : "command", unix_s, ms);
  }
}

bool Writes(const ClientSession& session, const CommandSpec& spec) {
  return spec.access == Access::kWrite ||
         (session.transaction && IsExec(spec) && session.transaction->writes);
}

// Empty where the command may run now; else the whole error.
std::string RefusalOf(Node& node, ClientSession& session, const CommandSpec& spec) {
  if (!session.authenticated && !Has(spec, command_flag::kNoAuth) &&
      !MayUseWithoutPassword(node, session)) {
    return std::string(kErrorNoAuth);
  }
  if (session.transaction && Has(spec, command_flag::kNoMulti)) {
    return "ERR Command not allowed inside a transaction";
  }
  if (Writes(session, spec)) {
    if (std::string refusal = node.WriteRefusal(); !refusal.empty()) return refusal;
  }
  const bool needs_data = session.transaction && IsExec(spec) ? session.transaction->needs_data
                                                              : !Has(spec, command_flag::kLoading);
  const bool needs_all_keys = session.transaction && IsExec(spec)
                                  ? session.transaction->needs_all_keys
                                  : NeedsAllKeys(spec);
  if ((needs_data && node.loading()) || (needs_all_keys && node.load_progress())) {
    return "LOADING Redis is loading the dataset in memory";
  }
  return {};
}

// Has the command's keys in memory before it looks at the first one: a key that is brought later
// might move what a view of another one points to.
void BringKeys(const storage::Keyspace& keyspace, const CommandSpec& spec, Arguments arguments) {
  for (const std::size_t place : KeyPlaces(spec, arguments).value_or(std::vector<std::size_t>())) {
    keyspace.Need(arguments[place]);
  }
}

// Puts the command off where clients are paused. False: it may run now.
bool WaitForPause(Node& node, ClientSession& session, const CommandSpec& spec,
                  Arguments arguments) {
  // Redis holds this one back, too, in a pause of all commands: nobody could end that.
  if (!node.pause().is_on() || spec.name == "client|unpause") return false;
  const bool writes = Writes(session, spec);
  const std::int64_t now = node.steady_ms();
  if (!(writes ? node.pause().HoldsWrites(now) : node.pause().HoldsAll(now))) return false;
  PauseWait wait{.writes = writes, .words = {arguments.begin(), arguments.end()}};
  node.BeginWait(session, {.what = std::move(wait), .deadline_steady_ms = {}});
  return true;
}

// A refused command breaks the transaction that it was meant for; a refused EXEC ends it.
void Reject(Node& node, ClientSession& session, const CommandSpec* spec, std::string_view error) {
  const std::size_t output_before = session.output.size();
  ReplyWriter reply(session.output, session.protocol);
  if (spec != nullptr && IsExec(*spec)) {
    DiscardTransaction(node, session);
    if (error.starts_with("ERR ")) error.remove_prefix(4);
    reply.Error(std::string("EXECABORT Transaction discarded because of: ").append(error));
  } else {
    if (session.transaction) session.transaction->broken = true;
    reply.Error(error);
  }
  CountError(node.stats(), std::string_view(session.output).substr(output_before));
  if (spec != nullptr) ++node.stats().commands.Of(*spec).rejected;
}

void Execute(Node& node, ClientSession& session, Arguments arguments) {
  const CommandSpec* spec = Resolve(arguments);
  if (spec == nullptr) {
    return Reject(node, session, nullptr, UnknownCommand(arguments));
  }
  const auto words = static_cast<int>(arguments.size());
  if (words < spec->words.least || (spec->words.most >= 0 && words > spec->words.most)) {
    return Reject(node, session, spec, WrongNumberOfArguments(spec->name));
  }
  if (std::string refusal = RefusalOf(node, session, *spec); !refusal.empty()) {
    return Reject(node, session, spec, std::move(refusal));
  }
  if (WaitForPause(node, session, *spec, arguments)) return;
  if (session.transaction && !Has(*spec, command_flag::kImmediate)) {
    return QueueCommand(session, *spec, arguments);
  }
  session.last_command = spec->name;
  ReplyWriter reply(session.output, session.protocol);
  CommandContext context{
      .database = node.BeginCommand(), .session = session, .reply = reply, .node = node};
  RunCommand(context, *spec, arguments);
  node.EndCommand(session);
}

// CLIENT REPLY: takes back a reply that is not wanted. CLIENT REPLY ON itself answers.
void HonourReplyMode(ClientSession& session, ReplyMode before, std::size_t output_before) {
  if (before != ReplyMode::kOn && session.reply_mode != ReplyMode::kOn) {
    session.output.resize(output_before);
  }
  if (session.waiting) return;  // Its reply is still to come: AnswerWait looks at the mode again.
  if (session.reply_mode == ReplyMode::kSkipNext) {
    session.reply_mode = ReplyMode::kSkipping;
  } else if (session.reply_mode == ReplyMode::kSkipping) {
    session.reply_mode = ReplyMode::kOn;
  }
}

}  // namespace

const CommandSpec* Resolve(Arguments arguments) {
  const CommandSpec* spec = FindCommand(arguments[0]);
  if (spec == nullptr || spec->subcommands.empty() || arguments.size() == 1) return spec;
  return FindSubcommand(*spec, arguments[1]);
}

void RunCommand(CommandContext& context, const CommandSpec& spec, Arguments arguments) {
  const std::string& output = context.reply.buffer();
  const std::size_t output_before = output.size();
  const geo_config::Config& config = context.node.config();
  ServerStats& stats = context.node.stats();
  CommandCalls& calls = stats.commands.Of(spec);
  const bool slow_ones_are_kept =
      config.slowlog_log_slower_than >= 0 || config.latency_monitor_threshold > 0;
  const bool timed = calls.Begin(slow_ones_are_kept);
  const std::int64_t begin_us = timed ? context.node.steady_us() : 0;
  if (!context.database.keyspace().is_whole()) [[unlikely]]
    BringKeys(context.database.keyspace(), spec, arguments);
  context.database.SetMarksUse(!context.session.no_touch);
  spec.run(context, arguments);
  if (timed) {
    const std::int64_t usec = context.node.steady_us() - begin_us;
    calls.AddTime(static_cast<std::uint64_t>(usec));
    NoteTime(context, spec, arguments, usec);
  }
  ++stats.commands_processed;
  ++calls.calls;
  if (output.size() > output_before && output[output_before] == '-') [[unlikely]] {
    ++calls.failed;
    CountError(stats, std::string_view(output).substr(output_before));
  }
}

void Dispatch(Node& node, ClientSession& session, Arguments arguments) {
  // What came from elsewhere meanwhile is theirs who have waited for it.
  node.ServeBlocked();
  const std::size_t output_before = session.output.size();
  const ReplyMode mode_before = session.reply_mode;
  Execute(node, session, arguments);
  if (mode_before != ReplyMode::kOn || session.reply_mode != ReplyMode::kOn) [[unlikely]] {
    HonourReplyMode(session, mode_before, output_before);
  }
  node.ServeBlocked();
}

}  // namespace server
