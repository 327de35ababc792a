// From words to a reply: finds the command, checks what can be checked before it runs, and runs it.
#pragma once

#include <string_view>

#include "server/client_session.h"
#include "server/command.h"
#include "server/node.h"

namespace server {

// Executes one command of a client and appends its reply to session.output (unless the session now
// waits). Checks, in Redis' order: known command, arity, authentication, state of MULTI, whether
// writes are taken here.
void Dispatch(Node& node, ClientSession& session, Arguments arguments);

// Null where there is no such command. Any case.
const CommandSpec* FindCommand(std::string_view name);
// All commands, by name.
std::span<const CommandSpec* const> AllCommands();

}  // namespace server
