// The commands that simulated clients send: a few hot keys, so that regions collide, and every kind
// of write that conflict rules speak of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/dice.h"

namespace simulation {

using Words = std::vector<std::string>;

class Workload {
 public:
  struct Options {
    int keys = 8;
    std::uint64_t clash_percent = 10;  // How often a key gets a command of another type.
    std::uint64_t read_percent = 20;
    std::uint64_t wait_percent = 10;
    std::uint64_t transaction_percent = 8;
    std::size_t value_bytes = 8;  // Of the values that are assigned.
    int regions = 1;
    bool flushes = true;  // FLUSHALL occurs.
    bool pauses = false;  // REGION PAUSE and RESUME occur.
  };

  Workload(Options options, Dice dice) : options_(options), dice_(dice) {}

  // What a client sends next: one command, or a transaction in one go.
  std::vector<Words> Next();

 private:
  Words Write();
  Words WriteOf(int type, const std::string& key);
  Words StringWrite(const std::string& key);
  Words HashWrite(const std::string& key);
  Words SetWrite(const std::string& key);
  Words SortedSetWrite(const std::string& key);
  Words StreamWrite(const std::string& key);
  Words ListWrite(const std::string& key);
  Words HyperLogLogWrite(const std::string& key);
  Words KeyWrite(const std::string& key);
  Words Read();
  Words Wait();
  std::string Key(int number) const { return "key" + std::to_string(number); }
  std::string AnyKey() {
    return Key(static_cast<int>(dice_.Below(static_cast<std::uint64_t>(options_.keys))));
  }
  std::string Value();
  std::string Element() { return std::string(1, static_cast<char>('a' + dice_.Below(5))); }
  std::string Step() { return std::to_string(dice_.Between(1, 9)); }

  Options options_;
  Dice dice_;
};

}  // namespace simulation
