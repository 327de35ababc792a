// Commands that took long: SLOWLOG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"

namespace server {

class SlowLog {
 public:
  struct Entry {
    std::int64_t id;
    std::int64_t unix_s;
    std::int64_t usec;
    std::vector<std::string> words;  // Long ones and many are cut; passwords are left out.
    std::string client_address;
    std::string client_name;
  };

  // Keeps the last `most` of them.
  void Add(const CommandSpec& spec, Arguments arguments, const ClientSession& session,
           std::int64_t unix_s, std::int64_t usec, std::size_t most);
  void Clear() { entries_.clear(); }
  // Newest first.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<Entry> entries_;
  std::int64_t next_id_ = 0;
};

}  // namespace server
