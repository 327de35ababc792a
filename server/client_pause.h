// CLIENT PAUSE: for some time commands of clients are held back, all or those that write.
//
// A node that is paused writes nothing of its own either: it deletes no expired keys and gives
// nothing to clients that wait for keys. What its region's nodes and other regions send is taken.
#pragma once

#include <algorithm>
#include <cstdint>

namespace server {

class ClientPause {
 public:
  enum class Scope : std::uint8_t { kNone, kWrites, kAll };

  // A pause that is on already becomes neither shorter nor narrower.
  void Begin(Scope scope, std::int64_t until_steady_ms) {
    scope_ = std::max(scope_, scope);
    until_steady_ms_ = std::max(until_steady_ms_, until_steady_ms);
  }
  void End() { *this = {}; }

  // Perhaps: its time may be over.
  bool is_on() const { return scope_ != Scope::kNone; }
  bool HoldsWrites(std::int64_t steady_ms) {
    if (is_on() && steady_ms >= until_steady_ms_) End();
    return is_on();
  }
  bool HoldsAll(std::int64_t steady_ms) {
    return HoldsWrites(steady_ms) && scope_ == Scope::kAll;  // Ends what is over, too.
  }

 private:
  Scope scope_ = Scope::kNone;
  std::int64_t until_steady_ms_ = 0;
};

}  // namespace server
