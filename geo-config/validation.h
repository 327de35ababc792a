// What has to hold between the settings of one node.
#pragma once

#include "geo-config/config.h"
#include "geo-config/mistakes.h"

namespace geo_config {

void Validate(const Config& config, Mistakes& mistakes);

}  // namespace geo_config
