// The first byte of a value in Redis' format. Which ones are written, and which only read:
// docs/formats.md, "DUMP".
#pragma once

#include <cstdint>

namespace server {

enum class RdbType : std::uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSetOfTexts = 3,  // Scores are texts.
  kHash = 4,
  kSortedSet = 5,
  kListZiplist = 10,
  kSetIntegers = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kListOfZiplists = 14,
  kStream1 = 15,  // Redis 5.
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kListOfListpacks = 18,
  kStream2 = 19,  // Redis 7.0: what was deleted and how much was added.
  kSetListpack = 20,
  kStream3 = 21,  // Redis 7.2: when a consumer was last active.
};

}  // namespace server
