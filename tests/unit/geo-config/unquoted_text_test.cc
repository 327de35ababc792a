#include "geo-config/unquoted_text.h"

#include <gtest/gtest.h>

#include "geo-config/config.h"

namespace geo_config {
namespace {

TEST(UnquotedText, LettersMayStandInStringsAndComments) {
  EXPECT_FALSE(LineOfUnquotedLetter("name = \"Zürich\" # für alle\n'ö' = 'ä'\n").has_value());
  EXPECT_FALSE(LineOfUnquotedLetter("a = \"\"\"\nü \"\" ü\n\"\"\"\nb = '''\nü''' # ü").has_value());
  EXPECT_FALSE(LineOfUnquotedLetter("a = \"\\\"ü\"").has_value());
}

TEST(UnquotedText, ElsewhereTheirLineIsTold) {
  EXPECT_EQ(LineOfUnquotedLetter("port = 7001\nport = 700é\n"), 2U);
  EXPECT_EQ(LineOfUnquotedLetter("a = '\\'ü"), 1U) << "a literal string knows no escapes";
  EXPECT_EQ(LineOfUnquotedLetter("a = \"not closed\nü = 1"), 2U);
  EXPECT_EQ(LineOfUnquotedLetter("a = \"\"\"x\"\"\"\nü"), 2U);
  EXPECT_EQ(LineOfUnquotedLetter("a = 70\"ü\""), 1U) << "no string begins inside of a number";
}

TEST(UnquotedText, ALetterBesideANumberIsAMistakeWithItsLine) {
  const auto config = Load("port = 7001\nmaxclients = 10\u00cd\n", {});
  ASSERT_FALSE(config.has_value());
  EXPECT_NE(config.error().detail.find("line 2"), std::string::npos) << config.error().detail;
}

}  // namespace
}  // namespace geo_config
