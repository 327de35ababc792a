// What happened in a simulated run: told to people, and hashed, so that two runs can be compared.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <deque>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/simulation/event_queue.h"

namespace simulation {

// A promise of the product was broken.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Story {
 public:
  enum class Telling { kSilent, kAloud };

  Story(const EventQueue& events, Telling telling) : events_(events), telling_(telling) {}

  bool aloud() const { return telling_ == Telling::kAloud; }
  // Something worth telling.
  void Tell(const std::string& line) {
    Hash(line);
    if (!aloud()) return;
    char time[32];
    std::snprintf(time, sizeof time, "%9.3f  ", static_cast<double>(events_.now_ms()) / 1000);
    std::cout << time << line << '\n';
  }
  // Something that only has to happen again in the same way.
  void Hash(std::string_view bytes) {
    hash_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(),
                                 hash_ + static_cast<std::uint64_t>(events_.now_ms()));
  }
  std::uint64_t hash() const { return hash_; }

 private:
  const EventQueue& events_;
  Telling telling_;
  std::uint64_t hash_ = 0;
};

}  // namespace simulation
