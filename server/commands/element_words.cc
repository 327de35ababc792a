#include "server/commands/element_words.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace server {
namespace {

// Up to here, comparing every word with every other costs less than a hash table.
constexpr std::size_t kFewWords = 12;

bool AllDifferent(std::span<const std::string_view> words) {
  if (words.size() <= kFewWords) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (std::ranges::find(words.first(i), words[i]) != words.begin() + i) return false;
    }
    return true;
  }
  absl::flat_hash_set<std::string_view> seen;
  seen.reserve(words.size());
  return std::ranges::all_of(words,
                             [&](std::string_view word) { return seen.insert(word).second; });
}

}  // namespace

DistinctWords::DistinctWords(std::span<const std::string_view> words) : words_(words) {
  if (AllDifferent(words)) return;
  absl::flat_hash_set<std::string_view> seen;
  for (const std::string_view word : words) {
    if (seen.insert(word).second) copies_.push_back(word);
  }
  words_ = copies_;
}

absl::InlinedVector<crdt::FieldValue, 8> DistinctFields(std::span<const std::string_view> words) {
  absl::InlinedVector<crdt::FieldValue, 8> fields;
  fields.reserve(words.size() / 2);
  if (words.size() <= 2 * kFewWords) {
    for (std::size_t i = 0; i < words.size(); i += 2) {
      const auto known = std::ranges::find(fields, words[i], &crdt::FieldValue::first);
      if (known == fields.end()) {
        fields.emplace_back(words[i], words[i + 1]);
      } else {
        known->second = words[i + 1];
      }
    }
    return fields;
  }
  absl::flat_hash_map<std::string_view, std::size_t> places;
  places.reserve(words.size() / 2);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto [place, is_new] = places.emplace(words[i], fields.size());
    if (is_new) {
      fields.emplace_back(words[i], words[i + 1]);
    } else {
      fields[place->second].second = words[i + 1];
    }
  }
  return fields;
}

}  // namespace server
