// REGION ADD and REGION REMOVE: who belongs to the deployment.
#pragma once

#include "server/command.h"

namespace server {

// REGION ADD id name host:port[@peer-port] [host:port[@peer-port] ...]
void AddRegion(CommandContext& context, Arguments arguments);
// REGION REMOVE id [FORCE | CANCEL]
void RemoveRegion(CommandContext& context, Arguments arguments);

}  // namespace server
