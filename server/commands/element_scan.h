// HSCAN and SSCAN: key cursor [MATCH pattern] [COUNT count].
#pragma once

#include "server/command.h"

namespace server {

// Answers for the hash or set at arguments[1]: of a hash names and values, of a set names.
void ScanElements(CommandContext& context, Arguments arguments, crdt::ValueType type);

}  // namespace server
