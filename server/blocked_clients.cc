#include "server/blocked_clients.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "crdt/string_value.h"
#include "server/dispatcher.h"
#include "server/node.h"
#include "server/wait.h"

namespace server {
namespace {

const KeyWait& KeyWaitOf(const ClientSession& session) {
  return std::get<KeyWait>(session.waiting->what);
}

// True where the command has answered: the client does not wait any more.
bool CarryOutAgain(Node& node, ClientSession& session) {
  const std::vector<std::string> owned = KeyWaitOf(session).words;
  const std::vector<std::string_view> words(owned.begin(), owned.end());
  std::string answer;
  ReplyWriter reply(answer, session.protocol);
  CommandContext context{.database = node.BeginCommand(),
                         .session = session,
                         .reply = reply,
                         .node = node,
                         .woken = true};
  context.database.SetMarksUse(!session.no_touch);
  Resolve(words)->run(context, words);
  node.EndCommand(session);
  if (answer.empty()) return false;
  FinishWait(session, answer);
  return true;
}

}  // namespace

void BlockedClients::Add(ClientSession& session) {
  const std::uint64_t turn = ++last_turn_;
  Entry entry{.keys = {}, .deadline_steady_ms = session.waiting->deadline_steady_ms, .turn = turn};
  for (const std::string& key : KeyWaitOf(session).keys) {
    if (std::ranges::find(entry.keys, key) != entry.keys.end()) continue;
    entry.keys.push_back(key);
    queues_[key].push_back(&session);
  }
  if (entry.deadline_steady_ms) by_deadline_[{*entry.deadline_steady_ms, turn}] = &session;
  blocked_[&session] = std::move(entry);
}

void BlockedClients::Remove(ClientSession& session) {
  const auto found = blocked_.find(&session);
  if (found == blocked_.end()) return;
  const Entry& entry = found->second;
  for (const std::string& key : entry.keys) {
    const auto queue = queues_.find(key);
    std::erase(queue->second, &session);
    if (queue->second.empty()) queues_.erase(queue);
  }
  if (entry.deadline_steady_ms) by_deadline_.erase({*entry.deadline_steady_ms, entry.turn});
  blocked_.erase(found);
}

void BlockedClients::Touch(std::string_view key) {
  std::string owned(key);
  if (!queues_.contains(owned) || !is_ready_.insert(owned).second) return;
  ready_.push_back(std::move(owned));
}

void BlockedClients::TouchAll() {
  std::vector<std::string> keys;
  for (const auto& [key, queue] : queues_) keys.push_back(key);
  // The table has no order of its own.
  std::ranges::sort(keys);
  for (const std::string& key : keys) Touch(key);
}

void BlockedClients::Serve(Node& node) {
  if (ready_.empty() || node.pause().HoldsAll(node.steady_ms())) return;
  const bool takes_writes =
      node.WriteRefusal().empty() && !node.pause().HoldsWrites(node.steady_ms());
  std::vector<std::string> served;
  while (!ready_.empty()) {
    const std::vector<std::string> keys = std::exchange(ready_, {});
    is_ready_.clear();
    for (const std::string& key : keys) {
      ServeKey(node, key, takes_writes);
      served.push_back(key);
    }
  }
  if (takes_writes) return;
  for (const std::string& key : served) Touch(key);
}

void BlockedClients::ServeKey(Node& node, const std::string& key, bool takes_writes) {
  const auto queue = queues_.find(key);
  if (queue == queues_.end()) return;
  // A copy: whoever is served leaves the queue.
  const std::vector<ClientSession*> waiters(queue->second.begin(), queue->second.end());
  for (ClientSession* session : waiters) {
    const KeyWait& wait = KeyWaitOf(*session);
    if (wait.writes && !takes_writes) continue;
    const crdt::ValueType shown = node.BeginCommand().Look(key).type();
    if (shown != wait.type && !wait.also_when_gone) continue;
    if (!CarryOutAgain(node, *session)) continue;
    Remove(*session);
    node.clients().Wake(*session);
  }
}

std::vector<ClientSession*> BlockedClients::TakeLate(std::int64_t steady_ms) {
  std::vector<ClientSession*> late;
  while (!by_deadline_.empty() && by_deadline_.begin()->first.first <= steady_ms) {
    late.push_back(by_deadline_.begin()->second);
    Remove(*late.back());
  }
  return late;
}

std::vector<ClientSession*> BlockedClients::TakeAll() {
  std::vector<Turn> turns;
  for (const auto& [session, entry] : blocked_) turns.emplace_back(entry.turn, session);
  std::ranges::sort(turns);
  std::vector<ClientSession*> all;
  for (const auto& [turn, session] : turns) {
    all.push_back(session);
    Remove(*session);
  }
  return all;
}

void WaitForKeys(CommandContext& context, KeyWait wait, std::int64_t timeout_ms) {
  if (context.woken) return;  // Waits on.
  if (context.in_exec) return context.reply.NullArray();
  Wait waiting{.what = std::move(wait), .deadline_steady_ms = {}};
  if (timeout_ms > 0) waiting.deadline_steady_ms = context.node.steady_ms() + timeout_ms;
  context.node.BeginWait(context.session, std::move(waiting));
}

std::optional<std::int64_t> ParseTimeoutSeconds(CommandContext& context, std::string_view word) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::optional<crdt::Float128> seconds = crdt::ParseFloat(word);
  if (!seconds) {
    context.reply.Error("ERR timeout is not a float or out of range");
    return std::nullopt;
  }
  const auto exact = static_cast<long double>(*seconds) * 1000;
  if (exact > static_cast<long double>(kMost)) {
    context.reply.Error("ERR timeout is out of range");
    return std::nullopt;
  }
  const auto milliseconds = static_cast<std::int64_t>(std::ceil(
      std::max(exact, static_cast<long double>(std::numeric_limits<std::int64_t>::min()))));
  if (milliseconds < 0) {
    context.reply.Error("ERR timeout is negative");
  } else if (milliseconds > kMost - context.database.now_ms()) {
    context.reply.Error("ERR timeout is out of range");
  } else {
    return milliseconds;
  }
  return std::nullopt;
}

}  // namespace server
