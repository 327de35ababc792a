// The words of a command that name elements of a collection (hash fields, set members), each once.
//
// An effect names an element at most once: two writes of it under one stamp would be concurrent
// with each other. Clients may repeat a word; almost none do, and then nothing is copied.
#pragma once

#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "crdt/prepare.h"

namespace server {

// Every word once, in the order of their first place.
class DistinctWords {
 public:
  explicit DistinctWords(std::span<const std::string_view> words);

  std::span<const std::string_view> words() const { return words_; }

 private:
  std::span<const std::string_view> words_;
  absl::InlinedVector<std::string_view, 8> copies_;  // In use where a word came twice.
};

// field value [field value …]: every field once, with its last value.
// REQUIRES: words.size() is even.
absl::InlinedVector<crdt::FieldValue, 8> DistinctFields(std::span<const std::string_view> words);

}  // namespace server
