// The bytes of DUMP: those of redis-server 7.0.15 (and, by hand, in forms of older ones) are read,
// and what is written of the same values is written as it was.
#include <gtest/gtest.h>

#include <string>

#include "golden.h"
#include "server/rdb/payload.h"
#include "server/rdb/read_value.h"
#include "server/rdb/write_value.h"

namespace server {
namespace {

std::string WrittenFile() {
  return "dumps." + std::to_string(kWrittenRdbVersion) + ".txt";
}

TEST(Formats, DumpsOfRedisAreReadAndDumpsAreWrittenAsTheyWere) {
  formats::Samples written;
  for (const auto& [name, bytes] : formats::ReadGolden("redis_dumps.txt")) {
    const auto value_bytes = OpenPayload(bytes);
    ASSERT_TRUE(value_bytes.has_value()) << name;
    const auto value = ReadValue(*value_bytes);
    ASSERT_TRUE(value.has_value()) << name;
    std::string payload = WriteValue(*value);
    SealPayload(payload);
    written.emplace_back(name, payload);
  }
  formats::ExpectGolden(WrittenFile(), written);
}

TEST(Formats, DumpsAreReadAsTheyWereWritten) {
  for (const auto& [name, bytes] : formats::ReadGolden(WrittenFile())) {
    const auto value_bytes = OpenPayload(bytes);
    ASSERT_TRUE(value_bytes.has_value()) << name;
    const auto value = ReadValue(*value_bytes);
    ASSERT_TRUE(value.has_value()) << name;
    EXPECT_EQ(formats::ToHex(WriteValue(*value)), formats::ToHex(*value_bytes)) << name;
  }
}

TEST(Formats, DumpsThatEndEarlyAreRefused) {
  for (const auto& [name, bytes] : formats::ReadGolden("redis_dumps.txt")) {
    const std::string_view value = OpenPayload(bytes).value();
    for (std::size_t size = 0; size < value.size(); ++size) {
      EXPECT_FALSE(ReadValue(value.substr(0, size)).has_value()) << name << " cut to " << size;
      EXPECT_FALSE(OpenPayload(std::string_view(bytes).substr(0, size)).has_value());
    }
  }
}

}  // namespace
}  // namespace server
