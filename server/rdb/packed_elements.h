// The packed forms in which Redis keeps small collections, and dumps them: listpack, its
// predecessor ziplist, and sorted integers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace server {

using Elements = std::vector<std::string>;

// Each is empty where the bytes make no sense. Integers become their text.
std::optional<Elements> ReadListpack(std::string_view bytes);
std::optional<Elements> ReadZiplist(std::string_view bytes);
std::optional<Elements> ReadIntegers(std::string_view bytes);

// Makes a listpack, element by element.
class ListpackWriter {
 public:
  ListpackWriter();

  void Add(std::string_view text);
  void Add(std::int64_t number);
  // Once.
  std::string Finish();

 private:
  void EndEntry(std::size_t begin);

  std::string bytes_;
  std::uint64_t count_ = 0;
};

}  // namespace server
