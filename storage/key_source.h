// Where a keyspace finds keys that are not in memory yet.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "storage/partition.h"

namespace storage {

// Keys cannot be brought. Whoever asked would take them for absent, so the process has to end.
class LoadFailure : public std::runtime_error {
 public:
  LoadFailure(const std::string& what, bool source_is_gone)
      : std::runtime_error(what), source_is_gone_(source_is_gone) {}
  // What they would have come from was damaged and is removed: a start does without it.
  bool source_is_gone() const { return source_is_gone_; }

 private:
  bool source_is_gone_;
};

// Each function puts into the keyspace what is not there yet, by Keyspace::Restore and
// Keyspace::Apply. Throws LoadFailure.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual void Need(std::string_view key) = 0;
  virtual void NeedPartition(PartitionId id) = 0;
  virtual void NeedAll() = 0;
};

}  // namespace storage
