// The connected clients, for commands that list or end them. Implemented where the sockets are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/client_session.h"

namespace server {

class ClientRegistry {
 public:
  virtual ~ClientRegistry() = default;
  virtual std::size_t size() const = 0;
  // In the order in which they connected.
  virtual void ForEach(const std::function<void(ClientSession&)>& visit) = 0;
  // Ends a connection once the present command is answered. False: no such client.
  virtual bool Kill(std::uint64_t id) = 0;
  // The session has output or may go on executing: its connection has to be looked at in this turn.
  virtual void Wake(ClientSession& session) = 0;
};

}  // namespace server
