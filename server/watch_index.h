// Which sessions watch which keys, for WATCH.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/client_session.h"

namespace server {

class WatchIndex {
 public:
  bool empty() const { return watchers_.empty(); }
  void Watch(ClientSession& session, std::string_view key);
  // Forgets everything that the session watches.
  void Unwatch(ClientSession& session);
  // The key changes. An expiry does not surprise who saw the key expired already.
  void Touch(std::string_view key, bool by_expiry);
  // Every watched key for which `exists` holds is about to go.
  template <class Exists>
  void TouchAll(Exists exists) {
    for (auto& [key, sessions] : watchers_) {
      if (!exists(key)) continue;
      for (ClientSession* session : sessions) session->watch_dirty = true;
    }
  }

 private:
  absl::flat_hash_map<std::string, std::vector<ClientSession*>> watchers_;
};

}  // namespace server
