// Reads the text of a configuration file; the one place that knows TOML.
#pragma once

#include <string_view>

#include "geo-config/config.h"
#include "geo-config/mistakes.h"

namespace geo_config {

// An error is the first mistake of syntax. Mistakes of meaning are collected.
crdt::Status ReadFile(std::string_view text, Config& config, Mistakes& mistakes);

}  // namespace geo_config
