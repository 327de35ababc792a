// A client of a FakeNode: commands as one line of words, replies with '|' for every line break.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/dispatcher.h"
#include "tests/support/fake_node.h"

namespace server {

class TestClient {
 public:
  explicit TestClient(FakeNode& node, std::uint64_t id = 1) : node_(node), session_(id) {}

  // "HSET h field value": words are separated by single spaces.
  std::string Run(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
      const std::size_t space = line.find(' ');
      words.push_back(line.substr(0, space));
      if (space == std::string_view::npos) break;
      line.remove_prefix(space + 1);
    }
    return RunWords(words);
  }

  std::string RunWords(const std::vector<std::string_view>& words) {
    Dispatch(node_, session_, words);
    return TakeOutput();
  }

  std::string TakeOutput() {
    std::string shown;
    for (const char byte : session_.output) {
      if (byte != '\r') shown += byte == '\n' ? '|' : byte;
    }
    session_.output.clear();
    return shown;
  }

  ClientSession& session() { return session_; }

 private:
  FakeNode& node_;
  ClientSession session_;
};

}  // namespace server
