// docs/commands.md, made from the command table.
#pragma once

#include <string>

namespace server {

std::string DocumentCommands();

}  // namespace server
