#include "server/resp/reply_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace server {
namespace {

template <class Write>
std::string In(Protocol protocol, const Write& write) {
  std::string out;
  ReplyWriter reply(out, protocol);
  write(reply);
  return out;
}

// What both protocols have in common, then each in its own form.
TEST(ReplyWriter, SpeaksOfTextAndNumbersAlikeInBothProtocols) {
  const auto write = [](ReplyWriter& reply) {
    reply.Ok();
    reply.Simple("PONG");
    reply.Integer(-42);
    reply.Integer(std::numeric_limits<std::int64_t>::min());
    reply.Bulk(std::string_view("a\0\r\n", 4));
    reply.Bulk("");
    reply.Array(2);
    reply.Error("ERR why");
  };
  const std::string expected(
      "+OK\r\n+PONG\r\n:-42\r\n:-9223372036854775808\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n*2\r\n"
      "-ERR why\r\n",
      71);
  EXPECT_EQ(In(Protocol::kResp2, write), expected);
  EXPECT_EQ(In(Protocol::kResp3, write), expected);
}

TEST(ReplyWriter, TellsNothingInEachProtocolsWay) {
  EXPECT_EQ(In(Protocol::kResp2, [](ReplyWriter& reply) { reply.Null(); }), "$-1\r\n");
  EXPECT_EQ(In(Protocol::kResp2, [](ReplyWriter& reply) { reply.NullArray(); }), "*-1\r\n");
  EXPECT_EQ(In(Protocol::kResp3, [](ReplyWriter& reply) { reply.Null(); }), "_\r\n");
  EXPECT_EQ(In(Protocol::kResp3, [](ReplyWriter& reply) { reply.NullArray(); }), "_\r\n");
}

TEST(ReplyWriter, WritesAMapAsAFlatArrayWhereThereAreNone) {
  const auto write = [](ReplyWriter& reply) {
    reply.Map(2);
    reply.Set(3);
    reply.Push(4);
    reply.Boolean(true);
    reply.Boolean(false);
  };
  EXPECT_EQ(In(Protocol::kResp2, write), "*4\r\n*3\r\n*4\r\n:1\r\n:0\r\n");
  EXPECT_EQ(In(Protocol::kResp3, write), "%2\r\n~3\r\n>4\r\n#t\r\n#f\r\n");
}

TEST(ReplyWriter, WritesDoublesAsShortAsTheyAreExact) {
  const auto write = [](ReplyWriter& reply) {
    reply.Double(0.1);
    reply.Double(-3);
    reply.Double(std::numeric_limits<double>::infinity());
    reply.Double(-std::numeric_limits<double>::infinity());
  };
  EXPECT_EQ(In(Protocol::kResp2, write), "$3\r\n0.1\r\n$2\r\n-3\r\n$3\r\ninf\r\n$4\r\n-inf\r\n");
  EXPECT_EQ(In(Protocol::kResp3, write), ",0.1\r\n,-3\r\n,inf\r\n,-inf\r\n");
}

TEST(ReplyWriter, TellsTheFormatOfTextWhereTheProtocolCan) {
  const auto write = [](ReplyWriter& reply) { reply.Verbatim("txt", "hello"); };
  EXPECT_EQ(In(Protocol::kResp2, write), "$5\r\nhello\r\n");
  EXPECT_EQ(In(Protocol::kResp3, write), "=9\r\ntxt:hello\r\n");
}

TEST(ReplyWriter, KeepsAnErrorOnOneLine) {
  EXPECT_EQ(In(Protocol::kResp2, [](ReplyWriter& reply) { reply.Error("ERR a\r\nb"); }),
            "-ERR a  b\r\n");
}

}  // namespace
}  // namespace server
