// The one table of all commands: made from the families (command_families.h), looked up by name.
#pragma once

#include <span>
#include <string_view>

#include "server/command.h"

namespace server {

// Null where there is no such command. Any case. On the path of every command: a hash of two
// machine words and one comparison, no allocation.
const CommandSpec* FindCommand(std::string_view name);
// The subcommand `name` ("kill") of `command` ("client"); null where there is none. Any case.
const CommandSpec* FindSubcommand(const CommandSpec& command, std::string_view name);
// "get" or "client|kill"; null where there is none. Any case.
const CommandSpec* FindCommandByFullName(std::string_view name);
// All commands, by name.
std::span<const CommandSpec* const> AllCommands();

}  // namespace server
