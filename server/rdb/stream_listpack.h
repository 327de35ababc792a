// How Redis keeps the entries of a stream in listpacks.
//
//   entries · deleted · number of fields · names … · 0        shared by the entries behind
//   flags · ms · sequence · [number of fields] · names and values, or values alone · elements
//
// IDs are relative to the one that is told beside the listpack; the number of elements of an entry
// lets Redis go backwards.
#pragma once

#include <cstdint>
#include <limits>

namespace server::stream_listpack {

// Flags of an entry.
inline constexpr std::uint64_t kDeleted = 1;
inline constexpr std::uint64_t kSameFields = 2;

// In place of the number of entries that a group has read.
inline constexpr std::uint64_t kUnknownEntriesRead = std::numeric_limits<std::uint64_t>::max();

}  // namespace server::stream_listpack
