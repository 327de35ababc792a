// The pieces of Redis' dumps.
#include <gtest/gtest.h>

#include <string>

#include "server/rdb/crc64.h"
#include "server/rdb/lzf.h"
#include "server/rdb/packed_elements.h"
#include "server/rdb/payload.h"
#include "server/rdb/rdb_reader.h"
#include "server/rdb/read_value.h"

namespace server {
namespace {

std::string Bytes(std::initializer_list<int> bytes) {
  return std::string(bytes.begin(), bytes.end());
}

TEST(Crc64, IsTheOneOfRedis) {
  EXPECT_EQ(Crc64(""), 0u);
  EXPECT_EQ(Crc64("123456789"), 0xe9c6d914c4b8d9cau);
}

TEST(Payload, IsOpenedAsItWasSealed) {
  std::string payload = "value";
  SealPayload(payload);
  EXPECT_EQ(payload.size(), 15u);
  EXPECT_EQ(OpenPayload(payload), "value");
  for (std::size_t at = 0; at < payload.size(); ++at) {
    std::string changed = payload;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(OpenPayload(changed)) << at;
  }
}

TEST(Payload, OfALaterVersionIsRefused) {
  const auto sealed = [](int version) {
    std::string payload = "v" + Bytes({version, 0});
    crdt::ByteWriter out(payload);
    out.U64(Crc64(payload));
    return payload;
  };
  EXPECT_EQ(OpenPayload(sealed(1)), "v");
  EXPECT_EQ(OpenPayload(sealed(11)), "v");
  EXPECT_FALSE(OpenPayload(sealed(12)));
}

TEST(Lzf, RepeatsWhatWasUnpackedBefore) {
  EXPECT_EQ(UnpackLzf("", 0), "");
  EXPECT_EQ(UnpackLzf("\x02"
                      "abc",
                      3),
            "abc");
  // Three bytes from three back, then ten from one back: what it has just written, too.
  EXPECT_EQ(UnpackLzf("\x02"
                      "abc" +
                          Bytes({0x20, 2}),
                      6),
            "abcabc");
  EXPECT_EQ(UnpackLzf("\x02"
                      "abc" +
                          Bytes({0xe0, 1, 0}),
                      13),
            "abc" + std::string(10, 'c'));
}

TEST(Lzf, WhatMakesNoSenseIsRefused) {
  EXPECT_FALSE(
      UnpackLzf("\x02"
                "abc",
                4));  // Too short.
  EXPECT_FALSE(
      UnpackLzf("\x02"
                "abc",
                2));  // Too long.
  EXPECT_FALSE(
      UnpackLzf("\x03"
                "abc",
                4));  // It ends early.
  EXPECT_FALSE(
      UnpackLzf("\x02"
                "abc" +
                    Bytes({0x20, 3}),
                6));  // From before the beginning.
  EXPECT_FALSE(
      UnpackLzf("\x02"
                "abc" +
                    Bytes({0x20, 2}),
                5));
  EXPECT_FALSE(
      UnpackLzf("\x02"
                "abc" +
                    Bytes({0xe0}),
                13));
  EXPECT_FALSE(UnpackLzf("abc", std::size_t{1} << 40));
}

TEST(RdbReader, ReadsLengthsOfEveryWidth) {
  const std::string bytes =
      Bytes({0x3f, 0x7f, 0xff, 0x80, 0, 1, 0, 0, 0x81, 0, 0, 0, 1, 0, 0, 0, 0});
  RdbReader in(bytes);
  EXPECT_EQ(in.Length(), 63u);
  EXPECT_EQ(in.Length(), 16383u);
  EXPECT_EQ(in.Length(), 65536u);
  EXPECT_EQ(in.Length(), std::uint64_t{1} << 32);
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(RdbReader, ReadsStringsThatAreNumbers) {
  const std::string bytes = Bytes(
      {0xc0, 0x80, 0xc1, 0, 0x80, 0xc2, 0xff, 0xff, 0xff, 0x7f, 0xc3, 4, 3, 2, 'a', 'b', 'c'});
  RdbReader in(bytes);
  EXPECT_EQ(in.String(), "-128");
  EXPECT_EQ(in.String(), "-32768");
  EXPECT_EQ(in.String(), "2147483647");
  EXPECT_EQ(in.String(), "abc");
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(RdbReader, WhatMakesNoSenseIsInvalid) {
  const auto string_of = [](std::initializer_list<int> bytes) {
    const std::string all = Bytes(bytes);
    RdbReader in(all);
    in.String();
    return in.ok();
  };
  EXPECT_FALSE(string_of({}));
  EXPECT_FALSE(string_of({2, 'a'}));
  EXPECT_FALSE(string_of({0x82, 0, 0, 0, 0}));  // No such width.
  EXPECT_FALSE(string_of({0xc4, 0, 0, 0, 0}));  // No such kind.
  EXPECT_FALSE(
      string_of({0xc3, 1, 0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}));  // It would unpack to much.
  const std::string number = Bytes({0xc0, 1});
  RdbReader special(number);
  EXPECT_EQ(special.Length(), 0u);
  EXPECT_FALSE(special.ok());
}

TEST(Listpack, IsReadAsItWasWritten) {
  ListpackWriter out;
  out.Add("");
  out.Add(std::string(63, 'a'));
  out.Add(std::string(64, 'b'));
  out.Add(std::string(4095, 'c'));
  out.Add(std::string(70'000, 'd'));
  out.Add(127);
  out.Add(128);
  out.Add(-1);
  out.Add(INT64_MIN);
  const auto elements = ReadListpack(out.Finish());
  EXPECT_EQ(elements,
            (Elements{"", std::string(63, 'a'), std::string(64, 'b'), std::string(4095, 'c'),
                      std::string(70'000, 'd'), "127", "128", "-1", "-9223372036854775808"}));
}

TEST(Listpack, NumbersOfEveryWidthAreRead) {
  const std::string bytes =
      Bytes({0,    0, 0,    0, 5, 0,    0xdf, 0xff, 2, 0xc0, 5, 2,    0xf1, 0xff,
             0xff, 3, 0xf2, 0, 0, 0x80, 4,    0xf3, 0, 0,    0, 0x80, 5,    0xff});
  std::string sized = bytes;
  sized[0] = static_cast<char>(sized.size());
  EXPECT_EQ(ReadListpack(sized), (Elements{"-1", "5", "-1", "-8388608", "-2147483648"}));
}

TEST(Listpack, WhatMakesNoSenseIsRefused) {
  ListpackWriter out;
  out.Add("word");
  out.Add(7);
  const std::string good = out.Finish();
  ASSERT_TRUE(ReadListpack(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ReadListpack(good.substr(0, size))) << size;
  }
  for (const std::size_t at : {0, 4, 6, 11, 13, 14}) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    EXPECT_FALSE(ReadListpack(changed)) << at;
  }
}

TEST(Ziplist, ReadsTextAndNumbersOfEveryWidth) {
  const std::string entries =
      Bytes({0,    1,    'a',  3, 0x40, 1, 'b',  4, 0x80, 0,    0,  0,    1, 'c', 7, 0xfe,
             0x80, 3,    0xc0, 0, 0x80, 4, 0xf0, 0, 0,    0x80, 5,  0xd0, 0, 0,   0, 0x80,
             6,    0xe0, 0,    0, 0,    0, 0,    0, 0,    0x80, 10, 0xf1, 2, 0xfd});
  std::string bytes = Bytes({0, 0, 0, 0, 0, 0, 0, 0, 10, 0}) + entries + '\xff';
  bytes[0] = static_cast<char>(bytes.size());
  EXPECT_EQ(ReadZiplist(bytes), (Elements{"a", "b", "c", "-128", "-32768", "-8388608",
                                          "-2147483648", "-9223372036854775808", "0", "12"}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadZiplist(bytes.substr(0, size))) << size;
  }
}

TEST(SortedIntegers, AreReadInEveryWidth) {
  EXPECT_EQ(ReadIntegers(Bytes({2, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 1, 0})), (Elements{"-1", "1"}));
  EXPECT_EQ(ReadIntegers(Bytes({4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0})), (Elements{"65536"}));
  EXPECT_FALSE(ReadIntegers(Bytes({3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1})));
  EXPECT_FALSE(ReadIntegers(Bytes({2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0})));
  EXPECT_FALSE(ReadIntegers(""));
}

TEST(ReadValue, RefusesWhatNoKeyCanHold) {
  EXPECT_TRUE(ReadValue(Bytes({0, 0})));                           // The empty string.
  EXPECT_FALSE(ReadValue(Bytes({1, 0})));                          // An empty list,
  EXPECT_FALSE(ReadValue(Bytes({2, 0})));                          // set,
  EXPECT_FALSE(ReadValue(Bytes({4, 0})));                          // hash,
  EXPECT_FALSE(ReadValue(Bytes({5, 0})));                          // sorted set.
  EXPECT_FALSE(ReadValue(Bytes({2, 2, 1, 'a', 1, 'a'})));          // A member twice.
  EXPECT_FALSE(ReadValue(Bytes({3, 1, 1, 'a', 253})));             // A score that is no number.
  EXPECT_FALSE(ReadValue(Bytes({0, 1, 'a', 0})));                  // More than the value.
  EXPECT_FALSE(ReadValue(Bytes({6, 1, 'a'})));                     // No such type.
  EXPECT_FALSE(ReadValue(Bytes({2, 0x80, 0xff, 0xff, 0xff, 0})));  // So many are not there.
}

}  // namespace
}  // namespace server
