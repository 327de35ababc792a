// A configuration is loaded or refused with a reason.
#include "crdt/result.h"
#include "geo-config/config.h"
#include "targets.h"

namespace fuzz {

void FuzzConfig(std::string_view bytes) {
  const auto config = geo_config::Load(bytes, {});
  if (config) {
    (void)geo_config::Warnings(*config);
  } else {
    crdt::Require(!config.error().detail.empty(), "a refusal has a reason");
  }
}

}  // namespace fuzz
