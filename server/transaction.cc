#include "server/transaction.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/dispatcher.h"
#include "server/node.h"

namespace server {
namespace {

// A watched key whose deadline has passed since counts as changed, deleted or not.
bool WatchedKeyChanged(const CommandContext& context) {
  if (context.session.watch_dirty) return true;
  return std::ranges::any_of(context.session.watched, [&](const WatchedKey& watched) {
    return !watched.existed_expired &&
           context.database.IsExpired(context.database.keyspace().Find(watched.key));
  });
}

}  // namespace

void QueueCommand(ClientSession& session, const CommandSpec& spec, Arguments arguments) {
  QueuedTransaction& transaction = *session.transaction;
  ReplyWriter reply(session.output, session.protocol);
  std::size_t bytes = sizeof(std::vector<std::string>);
  for (const std::string_view word : arguments) bytes += word.size() + sizeof(std::string);
  if (transaction.bytes + bytes > QueuedTransaction::kMostBytes) {
    transaction.broken = true;
    return reply.Error("ERR the commands queued since MULTI take more than 1 GiB");
  }
  // A broken transaction is never carried out: its commands need not be kept.
  if (!transaction.broken) {
    transaction.commands.emplace_back(arguments.begin(), arguments.end());
    transaction.bytes += bytes;
    transaction.writes |= spec.access == Access::kWrite;
    transaction.needs_data |= (spec.flags & command_flag::kLoading) == 0;
    transaction.needs_all_keys |= NeedsAllKeys(spec);
  }
  reply.Simple("QUEUED");
}

void ExecuteTransaction(CommandContext& context) {
  const bool changed = WatchedKeyChanged(context);
  const QueuedTransaction transaction = std::move(*context.session.transaction);
  DiscardTransaction(context.node, context.session);
  if (transaction.broken) {
    return context.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (changed) return context.reply.NullArray();

  CommandContext inner = context;
  inner.in_exec = true;
  context.reply.Array(transaction.commands.size());
  std::vector<std::string_view> words;
  for (const std::vector<std::string>& command : transaction.commands) {
    words.assign(command.begin(), command.end());
    const CommandSpec& spec = *Resolve(words);
    // What an EXEC changes is one record, and a record has a limit: commands such as APPEND and
    // SETBIT each carry the whole value.
    if (spec.access == Access::kWrite &&
        context.database.effects().bytes().size() > QueuedTransaction::kMostEffectBytes) {
      context.reply.Error("ERR what this transaction has changed already takes more than 1 GiB");
      continue;
    }
    RunCommand(inner, spec, words);
  }
}

void DiscardTransaction(Node& node, ClientSession& session) {
  session.transaction.reset();
  ForgetWatchedKeys(node, session);
}

void WatchKey(CommandContext& context, std::string_view key) {
  std::vector<WatchedKey>& watched = context.session.watched;
  const bool known =
      std::ranges::any_of(watched, [key](const WatchedKey& other) { return other.key == key; });
  if (known) return;
  const crdt::KeyView view = context.database.keyspace().Find(key);
  watched.push_back({std::string(key), context.database.IsExpired(view)});
  context.node.Watch(context.session, key);
}

void ForgetWatchedKeys(Node& node, ClientSession& session) {
  if (!session.watched.empty()) node.Unwatch(session);
  session.watched.clear();
  session.watch_dirty = false;
}

}  // namespace server
