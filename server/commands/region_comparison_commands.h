// REGION DIFF and REGION REPAIR.
#pragma once

#include "server/command.h"

namespace server {

void DiffRegion(CommandContext& context, Arguments arguments);
void RepairRegion(CommandContext& context, Arguments arguments);

}  // namespace server
