// The libFuzzer entry of one target, which the build names.
#include <cstddef>
#include <cstdint>

#include "targets/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::MERIDIAN_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
