#include "server/watch_index.h"

#include <algorithm>

namespace server {

void WatchIndex::Watch(ClientSession& session, std::string_view key) {
  std::vector<ClientSession*>& sessions = watchers_[std::string(key)];
  if (std::ranges::find(sessions, &session) == sessions.end()) sessions.push_back(&session);
}

void WatchIndex::Unwatch(ClientSession& session) {
  for (const WatchedKey& watched : session.watched) {
    const auto found = watchers_.find(watched.key);
    if (found == watchers_.end()) continue;
    std::erase(found->second, &session);
    if (found->second.empty()) watchers_.erase(found);
  }
}

void WatchIndex::Touch(std::string_view key, bool by_expiry) {
  const auto found = watchers_.find(std::string(key));
  if (found == watchers_.end()) return;
  for (ClientSession* session : found->second) {
    const auto watched = std::ranges::find(session->watched, key, &WatchedKey::key);
    if (by_expiry && watched != session->watched.end() && watched->existed_expired) continue;
    session->watch_dirty = true;
  }
}

}  // namespace server
