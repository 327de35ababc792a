#include "crdt/hyperloglog_registers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "crdt/cardinality.h"
#include "crdt/hyperloglog_text.h"

namespace crdt {
namespace {

using Registers = HyperLogLogRegisters;

std::string BytesOf(const Registers& registers) {
  std::string bytes;
  ByteWriter out(bytes);
  registers.Encode(out);
  return bytes;
}

Result<Registers> Decoded(std::string_view bytes) {
  ByteReader in(bytes);
  return Registers::Decode(in);
}

// Of "0", "1", "2" …
Registers OfElements(int first, int last) {
  Registers registers;
  for (int i = first; i < last; ++i) registers.Raise(RegisterOf(std::to_string(i)));
  return registers;
}

TEST(HyperLogLogRegisters, ARegisterOnlyGrows) {
  Registers registers;
  EXPECT_TRUE(registers.Raise({.index = 16383, .rank = 5}));
  EXPECT_TRUE(registers.Raise({.index = 0, .rank = 63}));
  EXPECT_FALSE(registers.Raise({.index = 16383, .rank = 5}));
  EXPECT_FALSE(registers.Raise({.index = 16383, .rank = 4}));
  EXPECT_TRUE(registers.Raise({.index = 16383, .rank = 6}));
  EXPECT_EQ(registers.Get(0), 63);
  EXPECT_EQ(registers.Get(1), 0);
  EXPECT_EQ(registers.Get(16383), 6);
}

TEST(HyperLogLogRegisters, FewAreListedAndManyPacked) {
  Registers registers;
  for (std::uint16_t i = 0; i < Registers::kMostListed; ++i) {
    registers.Raise({.index = static_cast<std::uint16_t>(16383 - i), .rank = 1});
  }
  EXPECT_FALSE(registers.packed());
  EXPECT_LT(registers.memory_bytes(), 6500u);
  EXPECT_TRUE(registers.Raise({.index = 16000, .rank = 2}));  // Not one more.
  EXPECT_FALSE(registers.packed());
  EXPECT_TRUE(registers.Raise({.index = 7, .rank = 33}));
  EXPECT_TRUE(registers.packed());
  EXPECT_LT(registers.memory_bytes(), 13'000u);
  EXPECT_EQ(registers.Get(7), 33);
  EXPECT_EQ(registers.Get(16000), 2);
  EXPECT_EQ(registers.Get(16383), 1);
  EXPECT_EQ(registers.Get(8), 0);
  EXPECT_FALSE(registers.Raise({.index = 7, .rank = 33}));
}

TEST(HyperLogLogRegisters, MergingGivesTheSameBytesInEveryOrder) {
  const Registers few = OfElements(0, 100);
  const Registers many = OfElements(50, 5000);
  Registers one = few;
  one.Merge(many);
  Registers two = many;
  two.Merge(few);
  EXPECT_EQ(BytesOf(one), BytesOf(two));
  EXPECT_EQ(BytesOf(one), BytesOf(OfElements(0, 5000)));
  Registers again = one;
  again.Merge(one);
  EXPECT_EQ(again, one);
}

TEST(HyperLogLogRegisters, SoDoesMergingTwoLists) {
  Registers one = OfElements(0, 700);
  one.Merge(OfElements(600, 1300));
  EXPECT_TRUE(one.packed());
  EXPECT_EQ(one, OfElements(0, 1300));
}

TEST(HyperLogLogRegisters, AreReadAsTheyWereWritten) {
  for (const int elements : {0, 1, 5, 900, 1100, 100'000}) {
    const Registers registers = OfElements(0, elements);
    EXPECT_EQ(Decoded(BytesOf(registers)), registers) << elements;
  }
}

TEST(HyperLogLogRegisters, BytesThatMakeNoSenseAreRefused) {
  EXPECT_FALSE(Decoded(""));
  EXPECT_FALSE(Decoded(std::string("\x01\x00\x00\x00", 4)));              // A rank of zero.
  EXPECT_FALSE(Decoded("\x01\x01\x01\x10"));                              // No such register.
  EXPECT_FALSE(Decoded(std::string("\x02\x81\x00\x00\x41\x00\x00", 7)));  // Not in order.
  EXPECT_FALSE(Decoded(std::string("\x02\x41\x00\x00\x41\x00\x00", 7)));  // Twice the same.
  EXPECT_TRUE(Decoded(std::string("\x02\x41\x00\x00\x81\x00\x00", 7)));
  const std::string packed = BytesOf(OfElements(0, 5000));
  EXPECT_FALSE(Decoded(packed.substr(0, packed.size() - 1)));
  std::string almost_nothing = packed;
  std::fill(almost_nothing.begin() + 100, almost_nothing.end(), '\0');
  EXPECT_FALSE(Decoded(almost_nothing));                              // So few are listed.
  EXPECT_FALSE(Decoded("\xe9\x07" + std::string(3 * 1001, '\x01')));  // So many are packed.
}

TEST(Cardinality, IsWhatRedisCounts) {
  const auto count = [](int elements) {
    return EstimateCardinality(OfElements(0, elements).CountRanks());
  };
  EXPECT_EQ(count(0), 0u);
  EXPECT_EQ(count(1), 1u);
  EXPECT_EQ(count(100), 100u);
  // As redis-server 7.0.15 answers for the same elements.
  EXPECT_EQ(count(1000), 1001u);
  EXPECT_EQ(count(100'000), 99565u);
}

TEST(Cardinality, RegistersAreThoseOfRedis) {
  // Every length of the rest behind whole words of eight bytes.
  EXPECT_EQ(RegisterOf(""), (RegisterValue{5938, 2}));
  EXPECT_EQ(RegisterOf("a"), (RegisterValue{12711, 2}));
  EXPECT_EQ(RegisterOf("ab"), (RegisterValue{719, 1}));
  EXPECT_EQ(RegisterOf("abc"), (RegisterValue{9474, 1}));
  EXPECT_EQ(RegisterOf("abcd"), (RegisterValue{11070, 8}));
  EXPECT_EQ(RegisterOf("abcde"), (RegisterValue{3726, 4}));
  EXPECT_EQ(RegisterOf("abcdef"), (RegisterValue{13647, 2}));
  EXPECT_EQ(RegisterOf("abcdefg"), (RegisterValue{5634, 2}));
  EXPECT_EQ(RegisterOf("abcdefgh"), (RegisterValue{1383, 1}));
  EXPECT_EQ(RegisterOf("abcdefghi"), (RegisterValue{6903, 1}));
}

TEST(HyperLogLogText, IsReadAsItWasWritten) {
  for (const int elements : {0, 1, 5, 900, 1100, 100'000}) {
    const Registers registers = OfElements(0, elements);
    EXPECT_EQ(ParseHyperLogLogText(HyperLogLogText(registers)), registers) << elements;
  }
}

TEST(HyperLogLogText, ARankThatRunsCannotTellIsPacked) {
  Registers registers;
  registers.Raise({.index = 1, .rank = 33});
  const std::string text = HyperLogLogText(registers);
  EXPECT_EQ(text.size(), 16 + Registers::kPackedBytes);
  EXPECT_EQ(ParseHyperLogLogText(text), registers);
}

TEST(HyperLogLogText, IsTheOneOfRedis) {
  Registers registers;
  registers.Raise(RegisterOf("a"));
  registers.Raise(RegisterOf("b"));
  EXPECT_EQ(HyperLogLogText(registers),
            std::string("HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80q\xa6\x84K\xfb\x80"
                        "BZ",
                        24));
}

TEST(HyperLogLogText, WhatIsNoneAndWhatIsBrokenAreToldApart) {
  const auto error = [](std::string_view text) { return ParseHyperLogLogText(text).error().code; };
  const std::string good = HyperLogLogText(OfElements(0, 10));
  EXPECT_EQ(error(""), ErrorCode::kInvalid);
  EXPECT_EQ(error("HYLL"), ErrorCode::kInvalid);
  EXPECT_EQ(error("text that is long enough"), ErrorCode::kInvalid);
  std::string other = good;
  other[4] = 2;
  EXPECT_EQ(error(other), ErrorCode::kInvalid);  // An encoding that there is not.
  other[4] = 0;
  EXPECT_EQ(error(other), ErrorCode::kInvalid);  // Packed, and of another length.
  EXPECT_EQ(error(good.substr(0, good.size() - 1)), ErrorCode::kCorrupt);
  EXPECT_EQ(error(good + '\x80'), ErrorCode::kCorrupt);
  EXPECT_EQ(error(good.substr(0, 16)), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace crdt
