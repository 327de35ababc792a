// HSCAN, SSCAN and ZSCAN: key cursor [MATCH pattern] [COUNT count].
#pragma once

#include "server/command.h"

namespace server {

// Answers for the collection at arguments[1], which is of this type: of a hash names and values, of
// a sorted set names and scores, of a set names.
void ScanElements(CommandContext& context, Arguments arguments, crdt::ValueType type);

}  // namespace server
