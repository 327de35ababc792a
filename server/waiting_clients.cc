#include "server/waiting_clients.h"

#include <utility>
#include <variant>

#include "server/dispatcher.h"
#include "server/node.h"
#include "server/wait.h"

namespace server {

void WaitingClients::Begin(ClientSession& session, Wait wait) {
  session.waiting = std::move(wait);
  if (std::holds_alternative<KeyWait>(session.waiting->what)) {
    blocked_.Add(session);
  } else {
    waiting_.push_back(&session);
  }
}

void WaitingClients::End(ClientSession& session, std::string_view error) {
  Remove(session);
  if (error.empty()) {
    AnswerWait(node_, session);
  } else {
    RefuseWait(session, error);
  }
  node_.clients().Wake(session);
}

void WaitingClients::Remove(ClientSession& session) {
  std::erase(waiting_, &session);
  blocked_.Remove(session);
}

void WaitingClients::AnswerThoseDone() {
  const std::int64_t now = node_.steady_ms();
  for (ClientSession* session : blocked_.TakeLate(now)) {
    AnswerWait(node_, *session);
    node_.clients().Wake(*session);
  }
  std::vector<ClientSession*> done;
  std::erase_if(waiting_, [&](ClientSession* session) {
    const Wait& wait = *session->waiting;
    const bool late = wait.deadline_steady_ms && now >= *wait.deadline_steady_ms;
    if (!late && !IsWaitOver(node_, wait)) return false;
    done.push_back(session);
    return true;
  });
  for (ClientSession* session : done) {
    // What was carried out before may have ended its wait, or its connection.
    if (!session->waiting) continue;
    if (std::holds_alternative<PauseWait>(session->waiting->what)) {
      Resume(*session);
    } else {
      AnswerWait(node_, *session);
    }
    node_.clients().Wake(*session);
  }
}

void WaitingClients::Resume(ClientSession& session) {
  const std::vector<std::string> owned =
      std::move(std::get<PauseWait>(session.waiting->what).words);
  session.waiting.reset();
  const std::vector<std::string_view> words(owned.begin(), owned.end());
  Dispatch(node_, session, words);
}

void WaitingClients::RefuseBlocked() {
  for (ClientSession* session : blocked_.TakeAll()) {
    RefuseWait(*session,
               "UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
               "replica?)");
    node_.clients().Wake(*session);
  }
}

}  // namespace server
