// From words to a reply: finds the command, checks what can be checked before it runs, and runs it.
#pragma once

#include <string_view>

#include "server/client_session.h"
#include "server/command.h"
#include "server/commands/command_table.h"
#include "server/node.h"

namespace server {

// Executes one command of a client and appends its reply to session.output (unless the session now
// waits). Checks, in Redis' order: known command, arity, authentication, state of MULTI, whether
// writes are taken here.
void Dispatch(Node& node, ClientSession& session, Arguments arguments);

// Runs a command that passed its checks, and counts it and its error. For Dispatch and EXEC.
void RunCommand(CommandContext& context, const CommandSpec& spec, Arguments arguments);

// The command or subcommand that the words name, of whatever arity; null where there is none.
const CommandSpec* Resolve(Arguments arguments);

}  // namespace server
