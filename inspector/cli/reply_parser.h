// Reads one reply of the Redis protocol (RESP2 and RESP3) as a JSON value.
//
// Bulk strings keep their bytes; maps become objects in the order of the reply; null is null.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace inspector {

using Json = nlohmann::ordered_json;

// An error reply is thrown as Failure(kBadAnswer); bytes that are no reply as Failure(kNoAnswer).
class ReplyParser {
 public:
  // `read_more` appends at least one byte to the buffer, or throws.
  explicit ReplyParser(std::function<void(std::string& buffer)> read_more)
      : read_more_(std::move(read_more)) {}

  Json Read();

 private:
  Json ReadValue(int depth);
  std::string ReadLine();
  std::string ReadBytes(std::size_t size);
  std::int64_t ReadCount(const std::string& text);
  Json ReadElements(std::int64_t count, int depth);
  Json ReadPairs(std::int64_t count, int depth);

  std::function<void(std::string&)> read_more_;
  std::string buffer_;
  std::size_t at_ = 0;  // Of the buffer: what is read already.
};

}  // namespace inspector
