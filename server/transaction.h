// MULTI's queue: what is put into it, carried out and thrown away.
#pragma once

#include "server/client_session.h"
#include "server/command.h"

namespace server {

// Keeps a command for EXEC and answers QUEUED. REQUIRES: the session is inside MULTI.
void QueueCommand(ClientSession& session, const CommandSpec& spec, Arguments arguments);

// Carries the queue out as one unit: one record, and nothing of others in between. Answers null
// where a watched key changed, EXECABORT where a queued command was refused. REQUIRES: the session
// is inside MULTI. Afterwards it is not.
void ExecuteTransaction(CommandContext& context);

// Leaves MULTI, if the session is inside, and forgets the watched keys.
void DiscardTransaction(Node& node, ClientSession& session);

void WatchKey(CommandContext& context, std::string_view key);
void ForgetWatchedKeys(Node& node, ClientSession& session);

}  // namespace server
