// A set of keys' names, in a table for each partition: none that grows or is freed takes long.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "storage/key_location.h"
#include "storage/name_set.h"

namespace storage {

class PartitionedNames {
 public:
  bool empty() const { return size_ == 0; }
  void Insert(std::string_view name) {
    size_ += names_[PartitionOf(name)].emplace(name).second ? 1 : 0;
  }
  void Erase(std::string_view name) {
    if (!empty()) size_ -= names_[PartitionOf(name)].erase(name);
  }
  // Any of them, which goes. REQUIRES: !empty().
  std::string Take() {
    while (names_[next_].empty()) next_ = (next_ + 1) % kPartitions;
    NameSet& names = names_[next_];
    std::string name = std::move(names.extract(names.begin()).value());
    if (names.empty()) NameSet().swap(names);
    --size_;
    return name;
  }

 private:
  std::array<NameSet, kPartitions> names_;
  std::size_t next_ = 0;  // Where names may be.
  std::size_t size_ = 0;
};

}  // namespace storage
