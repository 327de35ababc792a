// Clients that wait for keys: BLPOP, BZPOPMIN, XREAD BLOCK and the like.
//
// A command that finds nothing leaves its words here (WaitForKeys). When one of its keys changes,
// by whomever, it is carried out again as a command of its own: at the end of the command,
// transaction or record that changed the key, those that have waited longest first. It then
// answers, or goes on waiting at its place in the queue.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/client_session.h"
#include "server/command.h"

namespace server {

class BlockedClients {
 public:
  bool empty() const { return blocked_.empty(); }
  // Some key that is waited for has changed since it was served.
  bool has_ready() const { return !ready_.empty(); }

  // REQUIRES: session.waiting is a KeyWait.
  void Add(ClientSession& session);
  // Does nothing where the session does not wait for keys.
  void Remove(ClientSession& session);
  // The key changes.
  void Touch(std::string_view key);
  // Every key may have changed.
  void TouchAll();

  // Carries out again what waits for changed keys, until nothing more comes of it. What writes
  // waits on where the node takes no writes or is paused.
  void Serve(Node& node);
  // Those whose time is over. They are not blocked any more.
  std::vector<ClientSession*> TakeLate(std::int64_t steady_ms);
  // All, the longest waiting first. They are not blocked any more.
  std::vector<ClientSession*> TakeAll();

 private:
  struct Entry {
    std::vector<std::string> keys;
    std::optional<std::int64_t> deadline_steady_ms;
    std::uint64_t turn;  // In the order of arrival.
  };
  using Turn = std::pair<std::uint64_t, ClientSession*>;

  void ServeKey(Node& node, const std::string& key, bool takes_writes);

  absl::flat_hash_map<ClientSession*, Entry> blocked_;
  absl::flat_hash_map<std::string, std::deque<ClientSession*>> queues_;  // By key.
  std::map<std::pair<std::int64_t, std::uint64_t>, ClientSession*> by_deadline_;
  std::vector<std::string> ready_;  // In the order in which they changed, each once.
  absl::flat_hash_set<std::string> is_ready_;
  std::uint64_t last_turn_ = 0;
};

// For the handler of a command that has found nothing to answer: puts the client to sleep, for ever
// where `timeout_ms` is 0. Inside of EXEC nothing waits: answers as after the timeout.
void WaitForKeys(CommandContext& context, KeyWait wait, std::int64_t timeout_ms);

// A timeout in seconds, as milliseconds; empty, and the error answered, where the word is none.
std::optional<std::int64_t> ParseTimeoutSeconds(CommandContext& context, std::string_view word);

}  // namespace server
