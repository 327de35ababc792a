// The clients of a node whose command waits: for keys (blocked_clients.h), for replicas and
// regions, for the end of a pause, for the end of the process.
#pragma once

#include <string_view>
#include <vector>

#include "server/blocked_clients.h"
#include "server/client_session.h"

namespace server {

class Node;

class WaitingClients {
 public:
  WaitingClients(Node& node, BlockedClients& blocked) : node_(node), blocked_(blocked) {}

  bool empty() const { return waiting_.empty() && blocked_.empty(); }
  void Begin(ClientSession& session, Wait wait);
  // Ends the wait now: as after its timeout, or with an error. REQUIRES: the session waits.
  void End(ClientSession& session, std::string_view error);
  // The client is gone.
  void Remove(ClientSession& session);
  // Answers those whose wait or whose time is over; carries out what a pause has held back.
  void AnswerThoseDone();
  // The node takes no writes any more: nobody can wait for keys here.
  void RefuseBlocked();

 private:
  void Resume(ClientSession& session);

  Node& node_;
  BlockedClients& blocked_;
  std::vector<ClientSession*> waiting_;  // For anything but keys, in the order of arrival.
};

}  // namespace server
