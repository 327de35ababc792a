// CLIENT KILL, and the types of clients.
#pragma once

#include <optional>
#include <string_view>

#include "server/command.h"

namespace server {

// CLIENT KILL in its old form, with an address, and in its new one, with filters.
void KillClients(CommandContext& context, Arguments arguments);

// Whether clients of this type are the normal ones. Empty, and the error answered, where there is
// no such type.
std::optional<bool> IsNormalType(CommandContext& context, std::string_view type);

}  // namespace server
