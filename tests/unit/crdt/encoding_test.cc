#include "crdt/encoding.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace crdt {
namespace {

TEST(Encoding, AVarintIsReadAsItWasWritten) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{16384}, UINT64_MAX - 1, UINT64_MAX}) {
    std::string bytes;
    ByteWriter(bytes).Varint(value);
    ByteReader in(bytes);
    EXPECT_EQ(in.Varint(), value);
    EXPECT_TRUE(in.ok() && in.at_end()) << value;
  }
}

TEST(Encoding, AVarintHasOneFormOnly) {
  const auto is_taken = [](std::string_view bytes) {
    ByteReader in(bytes);
    in.Varint();
    return in.ok();
  };
  EXPECT_TRUE(is_taken(std::string_view("\x00", 1)));
  EXPECT_TRUE(is_taken("\x80\x01"));
  EXPECT_FALSE(is_taken(std::string_view("\x80\x00", 2)));
  EXPECT_FALSE(is_taken(std::string_view("\xff\x80\x00", 3)));
  EXPECT_FALSE(is_taken("\x80"));
  EXPECT_TRUE(is_taken("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  EXPECT_FALSE(is_taken("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x03"));  // More than 64 bits.
  EXPECT_FALSE(is_taken("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

}  // namespace
}  // namespace crdt
