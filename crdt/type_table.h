// The one list of what a key can hold. Numbers go to disk and to peers: given once, never reused.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace crdt {

enum class ValueType : std::uint8_t {
  kNone = 0,
  kString = 1,
  kHash = 2,
  kSet = 3,
  kList = 4,
  kSortedSet = 5,
  kStream = 6,
  kHyperLogLog = 7,
};

struct TypeRow {
  ValueType type;
  std::string_view name;
  std::string_view answered = name;  // By the command TYPE.
};

inline constexpr std::array kTypeTable = {
    TypeRow{ValueType::kNone, "none"},
    TypeRow{ValueType::kString, "string"},
    TypeRow{ValueType::kHash, "hash"},
    TypeRow{ValueType::kSet, "set"},
    TypeRow{ValueType::kList, "list"},
    TypeRow{ValueType::kSortedSet, "zset"},
    TypeRow{ValueType::kStream, "stream"},
    TypeRow{ValueType::kHyperLogLog, "hyperloglog", "string"},
};

constexpr const TypeRow& RowOf(ValueType type) {
  for (const TypeRow& row : kTypeTable) {
    if (row.type == type) return row;
  }
  return kTypeTable.front();
}

constexpr std::string_view NameOf(ValueType type) {
  return RowOf(type).name;
}

// Whether a number that came from elsewhere is a type that a key can hold.
constexpr bool IsValueType(std::uint8_t number) {
  for (const TypeRow& row : kTypeTable) {
    if (static_cast<std::uint8_t>(row.type) == number) return row.type != ValueType::kNone;
  }
  return false;
}

}  // namespace crdt
