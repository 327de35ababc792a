// Reads the streams of dumps (read_value.h).
#pragma once

#include "server/rdb/dumped_value.h"
#include "server/rdb/rdb_reader.h"
#include "server/rdb/rdb_types.h"

namespace server {

// Behind the type. `in` is invalid afterwards where the bytes make no sense.
DumpedStream TakeStream(RdbReader& in, RdbType type);

}  // namespace server
