#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "geo-config/config.h"
#include "geo-config/setting_text.h"

namespace geo_config {
namespace {

const std::string kFile = std::string(MERIDIAN_SOURCE_DIR) + "/docs/configuration.md";

TEST(Settings, DocumentationIsWhatTheTableSays) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(kFile) << DocumentSettings();
  std::stringstream written;
  written << std::ifstream(kFile).rdbuf();
  EXPECT_TRUE(written.str() == DocumentSettings())
      << kFile << " is not what the table of settings says: run this test with UPDATE_GOLDEN=1";
}

TEST(Settings, EachNameStandsOnceAndIsFound) {
  std::set<std::string_view> names;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_EQ(FindSetting(setting.name), &setting);
  }
  EXPECT_EQ(FindSetting("no-such-setting"), nullptr);
}

// CONFIG SET takes what CONFIG GET answered.
TEST(Settings, EachTakesItsOwnText) {
  const Config defaults;
  for (const Setting& setting : Settings()) {
    Config config;
    const std::string text = setting.get(defaults);
    EXPECT_TRUE(setting.set(config, text)) << setting.name << " " << text;
    EXPECT_EQ(setting.get(config), text) << setting.name;
  }
}

TEST(SettingText, SizesTakeUnitsAsInRedis) {
  EXPECT_EQ(ParseBytes("100"), 100u);
  EXPECT_EQ(ParseBytes("1k"), 1000u);
  EXPECT_EQ(ParseBytes("1KB"), 1024u);
  EXPECT_EQ(ParseBytes("64mb"), 64u << 20);
  EXPECT_EQ(ParseBytes("1tb"), std::nullopt);
  EXPECT_EQ(ParseBytes("-1"), std::nullopt);
  EXPECT_EQ(ParseBytes("99999999999gb"), std::nullopt);
  EXPECT_EQ(ParseBytes(""), std::nullopt);
}

TEST(SettingText, DurationsNeedAUnit) {
  EXPECT_EQ(ParseMilliseconds("1500ms"), milliseconds(1500));
  EXPECT_EQ(ParseMilliseconds("5m"), milliseconds(300000));
  EXPECT_EQ(ParseMilliseconds("5"), std::nullopt);
  EXPECT_EQ(ParseSeconds("5"), seconds(5));
}

TEST(SettingText, IsWrittenInTheGreatestUnitThatFits) {
  EXPECT_EQ(TextOf(milliseconds(250)), "250ms");
  EXPECT_EQ(TextOf(milliseconds(300000)), "5m");
  EXPECT_EQ(TextOf(milliseconds(0)), "0ms");
  EXPECT_EQ(TextOfBytes(64 << 20), "64mb");
}

}  // namespace
}  // namespace geo_config
