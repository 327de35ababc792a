// Runs what the fuzzers began with and what once crashed them through each target: the files of
// corpus/ and crashes/, a folder for each.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "targets/targets.h"

namespace fuzz {
namespace {

using Target = std::pair<const char*, void (*)(std::string_view)>;

constexpr std::array kTargets = {
    Target{"request", FuzzRequests}, Target{"record", FuzzRecords}, Target{"log", FuzzLog},
    Target{"wire", FuzzWire},        Target{"object", FuzzObjects}, Target{"config", FuzzConfig},
    Target{"dump", FuzzDumps},
};

class Replay : public ::testing::TestWithParam<Target> {};

TEST_P(Replay, EveryFileThatWasFoundIsTaken) {
  const auto& [name, target] = GetParam();
  std::size_t files = 0;
  for (const char* folder : {"corpus", "crashes"}) {
    const std::string path = std::string(MERIDIAN_SOURCE_DIR "/tests/fuzz/") + folder + "/" + name;
    if (!std::filesystem::exists(path)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      SCOPED_TRACE(entry.path().string());
      std::stringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      target(bytes.str());
      ++files;
    }
  }
  EXPECT_GT(files, 0U);
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay, ::testing::ValuesIn(kTargets),
                         [](const auto& target) { return target.param.first; });

}  // namespace
}  // namespace fuzz
