// What a key shows, as a value to dump; and the way back, as new writes.
#pragma once

#include <string_view>

#include "crdt/object.h"
#include "server/database.h"
#include "server/rdb/dumped_value.h"

namespace server {

// REQUIRES: the key exists. Of consumer groups what `region` sees.
DumpedValue DumpedOf(const crdt::KeyView& view, crdt::RegionId region);

// Writes the value to a key that shows nothing. A stream with neither entry nor group leaves it so.
void WriteDumped(Database& database, std::string_view key, const DumpedValue& value);

}  // namespace server
