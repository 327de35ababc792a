// The connected clients, for commands that list or end them. Implemented where the sockets are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "server/client_session.h"

namespace server {

// What a client's connection takes, in bytes.
struct ConnectionUse {
  int descriptor = 0;          // Of its socket.
  std::size_t query = 0;       // Received and not carried out yet.
  std::size_t query_free = 0;  // Beside that in the query buffer.
  std::size_t parser = 0;      // Words of a request that is not complete.
  std::size_t unsent = 0;      // Replies that the kernel has not taken.
  bool waits_to_send = false;  // It takes no more now.
};

class ClientRegistry {
 public:
  virtual ~ClientRegistry() = default;
  virtual std::size_t size() const = 0;
  // In the order in which they connected.
  virtual void ForEach(const std::function<void(ClientSession&)>& visit) = 0;
  virtual ConnectionUse UseOf(const ClientSession& session) const = 0;
  // Ends a connection once the present command is answered. False: no such client.
  virtual bool Kill(std::uint64_t id) = 0;
  // The session has output or may go on executing: its connection has to be looked at in this turn.
  virtual void Wake(ClientSession& session) = 0;
};

}  // namespace server
