// Snapshots of a node, for people.
#pragma once

#include <string>

#include "inspector/cli/reply_parser.h"

namespace inspector {

// SNAPSHOT CREATE.
std::string RenderSnapshot(const Json& snapshot);
// SNAPSHOT LIST.
std::string RenderSnapshots(const Json& snapshots);

}  // namespace inspector
