// The one list of what a key can hold. Numbers go to disk and to peers: given once, never reused.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace crdt {

enum class ValueType : std::uint8_t { kNone = 0, kString = 1, kHash = 2, kSet = 3 };

struct TypeRow {
  ValueType type;
  std::string_view name;  // As the command TYPE answers.
};

inline constexpr std::array kTypeTable = {
    TypeRow{ValueType::kNone, "none"},
    TypeRow{ValueType::kString, "string"},
    TypeRow{ValueType::kHash, "hash"},
    TypeRow{ValueType::kSet, "set"},
};

constexpr std::string_view NameOf(ValueType type) {
  for (const TypeRow& row : kTypeTable) {
    if (row.type == type) return row.name;
  }
  return "none";
}

}  // namespace crdt
