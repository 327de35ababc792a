#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "geo-config/config.h"

namespace geo_config {
namespace {

const std::string kExamples = std::string(MERIDIAN_SOURCE_DIR) + "/geo-config/examples";

std::string TextOf(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Examples, EachLoads) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kExamples)) {
    if (entry.path().extension() != ".toml") continue;
    ++files;
    const auto config = Load(TextOf(entry.path()), {});
    ASSERT_TRUE(config) << entry.path() << ": " << config.error().detail;
    if (entry.path().parent_path().filename() == "three-regions-on-three-machines") {
      EXPECT_EQ(Warnings(*config), std::vector<std::string>()) << entry.path();
    }
  }
  EXPECT_GE(files, 10);
}

TEST(Examples, TheNodesOfOneDeploymentDoNotShareAPortOrADirectory) {
  std::set<std::string> directories;
  std::set<int> ports;
  int nodes = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(kExamples + "/three-regions-on-one-machine")) {
    const auto config = Load(TextOf(entry.path()), {});
    ASSERT_TRUE(config) << entry.path() << ": " << config.error().detail;
    directories.insert(config->dir);
    ports.insert({config->port, config->PeerPort()});
    ++nodes;
  }
  EXPECT_EQ(nodes, 6);
  EXPECT_EQ(directories.size(), 6u);
  EXPECT_EQ(ports.size(), 12u);
}

}  // namespace
}  // namespace geo_config
