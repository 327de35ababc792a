// Why a stream shows what it shows.
#pragma once

#include <string_view>

#include "crdt/explain.h"

namespace crdt {

void ExplainStream(const StreamValue& stream, Explanation& explanation);
// `name` is an entry's ID or a group. False where there is no such thing.
bool ExplainEntry(const StreamValue& stream, std::string_view name, Explanation& explanation);

}  // namespace crdt
