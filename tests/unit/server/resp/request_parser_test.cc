#include "server/resp/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace server {
namespace {

using Outcome = RequestParser::Outcome;

// What the parser makes of `bytes`, request after request: "[SET|k|v]", "-" for what asks for
// nothing, the error, and "…" where more is needed.
std::string Told(std::string_view bytes, const RequestLimits& limits = {}) {
  RequestParser parser;
  std::string told;
  while (!bytes.empty()) {
    const Outcome outcome = parser.Parse(bytes, limits);
    if (outcome == Outcome::kIncomplete) return told + "…";
    if (outcome == Outcome::kError) return told + parser.error();
    if (outcome == Outcome::kNothing) told += "-";
    if (outcome == Outcome::kRequest) {
      std::string words;
      for (const std::string_view word : parser.arguments()) words.append("|").append(word);
      told += "[" + words.substr(1) + "]";
    }
    bytes.remove_prefix(parser.consumed());
  }
  return told;
}

TEST(RequestParser, TakesArraysOfStrings) {
  EXPECT_EQ(Told("*1\r\n$4\r\nPING\r\n"), "[PING]");
  EXPECT_EQ(Told("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"), "[SET|k|]");
  EXPECT_EQ(Told("*2\r\n$4\r\nECHO\r\n$4\r\n\r\n$1\r\n"), "[ECHO|\r\n$1]");
  EXPECT_EQ(Told("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n"), "[PING][QUIT]");
  EXPECT_EQ(Told("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n"), "--[PING]");
}

TEST(RequestParser, TakesCommandsTypedByHand) {
  EXPECT_EQ(Told("PING\r\nSET k  v\n"), "[PING][SET|k|v]");
  EXPECT_EQ(Told("\r\n   \r\nPING\r\n"), "--[PING]");
  EXPECT_EQ(Told("ECHO \"a b\" 'c \\'d'\r\n"), "[ECHO|a b|c 'd]");
  EXPECT_EQ(Told("ECHO \"\\x41\\n\\t\\\"\"\r\n"), "[ECHO|A\n\t\"]");
  EXPECT_EQ(Told("ECHO \"never ends\r\n"), "ERR Protocol error: unbalanced quotes in request");
  EXPECT_EQ(Told("ECHO \"a\"b\r\n"), "ERR Protocol error: unbalanced quotes in request");
}

TEST(RequestParser, GoesOnWhereItStoppedWhenARequestComesInPieces) {
  const std::string request = "*2\r\n$4\r\nECHO\r\n$11\r\nhello world\r\n";
  RequestParser parser;
  for (std::size_t size = 1; size < request.size(); ++size) {
    ASSERT_EQ(parser.Parse(request.substr(0, size), {}), Outcome::kIncomplete) << size;
  }
  ASSERT_EQ(parser.Parse(request, {}), Outcome::kRequest);
  EXPECT_EQ(parser.consumed(), request.size());
  EXPECT_EQ(parser.arguments()[1], "hello world");
}

TEST(RequestParser, TellsHowMuchIsStillToCome) {
  RequestParser parser;
  EXPECT_EQ(parser.Parse("*2\r\n$4\r\nECHO\r\n$1000\r\nbegin", {}), Outcome::kIncomplete);
  EXPECT_EQ(parser.announced(), 14u + 7u + 1000u + 2u);
}

TEST(RequestParser, BeginsAnewWhenItIsTold) {
  RequestParser parser;
  EXPECT_EQ(parser.Parse("*2\r\n$4\r\nECHO\r\n", {}), Outcome::kIncomplete);
  parser.Restart();
  EXPECT_EQ(parser.Parse("*1\r\n$4\r\nPING\r\n", {}), Outcome::kRequest);
  EXPECT_EQ(parser.arguments().size(), 1u);
}

TEST(RequestParser, LooksIntoTheBufferInsteadOfCopying) {
  const std::string request = "*1\r\n$4\r\nPING\r\n";
  RequestParser parser;
  ASSERT_EQ(parser.Parse(request, {}), Outcome::kRequest);
  EXPECT_TRUE(parser.in_place());
  EXPECT_EQ(parser.arguments()[0].data(), request.data() + 8);
  ASSERT_EQ(parser.Parse("PING\r\n", {}), Outcome::kRequest);
  EXPECT_FALSE(parser.in_place());
}

TEST(RequestParser, RefusesWhatIsNoRequestInRedisWords) {
  EXPECT_EQ(Told("*x\r\n"), "ERR Protocol error: invalid multibulk length");
  EXPECT_EQ(Told("*3000000000\r\n"), "ERR Protocol error: invalid multibulk length");
  EXPECT_EQ(Told("*1\r\nPING\r\n"), "ERR Protocol error: expected '$', got 'P'");
  EXPECT_EQ(Told("*1\r\n$-1\r\n"), "ERR Protocol error: invalid bulk length");
  EXPECT_EQ(Told("*1\r\n$01\r\n"), "ERR Protocol error: invalid bulk length");
  EXPECT_EQ(Told("*" + std::string(70000, '1')), "ERR Protocol error: too big mbulk count string");
  EXPECT_EQ(Told("*1\r\n$" + std::string(70000, '1')),
            "ERR Protocol error: too big bulk count string");
  EXPECT_EQ(Told(std::string(70000, 'a')), "ERR Protocol error: too big inline request");
  EXPECT_EQ(Told("POST / HTTP/1.1\r\n"), "ERR Protocol error: this is no HTTP server");
}

TEST(RequestParser, BoundsOneArgument) {
  const RequestLimits limits{.most_bulk_bytes = 4};
  EXPECT_EQ(Told("*1\r\n$4\r\nPING\r\n", limits), "[PING]");
  EXPECT_EQ(Told("*1\r\n$5\r\n", limits), "ERR Protocol error: invalid bulk length");
}

TEST(RequestParser, GivesLittleToWhoHasNotShownThePassword) {
  const RequestLimits limits{.authenticated = false};
  EXPECT_EQ(Told("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n", limits), "[AUTH|secret]");
  EXPECT_EQ(Told("*11\r\n", limits), "ERR Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(Told("*1\r\n$16385\r\n", limits), "ERR Protocol error: unauthenticated bulk length");
}

TEST(RequestParser, GivesTheRoomOfAHugeRequestBack) {
  std::string request = "*100000\r\n";
  for (int i = 0; i < 100000; ++i) request += "$1\r\nx\r\n";
  RequestParser parser;
  ASSERT_EQ(parser.Parse(request, {}), Outcome::kRequest);
  const std::size_t before = parser.memory();
  ASSERT_EQ(parser.Parse("*1\r\n$4\r\nPING\r\n", {}), Outcome::kRequest);
  EXPECT_LT(parser.memory(), before / 100);
}

}  // namespace
}  // namespace server
