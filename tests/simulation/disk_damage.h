// What a disk does to bytes at rest, found when they are read the next time.
#pragma once

#include <string>

#include "storage/memory_disk.h"
#include "tests/simulation/dice.h"

namespace simulation {

enum class DiskDamage {
  kFlippedBit,        // In a segment, or in what the node notes of itself.
  kLostWrite,         // A sector was never written: it holds the zeros of before.
  kMisdirectedWrite,  // A sector was written over another one instead.
};

// Does it somewhere in the part of the directory's log that is in use; what and where, for people.
// Empty: there is no such part.
std::string DamageDirectory(storage::MemoryDisk& disk, const std::string& directory,
                            DiskDamage damage, Dice& dice);

}  // namespace simulation
