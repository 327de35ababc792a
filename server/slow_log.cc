#include "server/slow_log.h"

#include "server/commands/letter_case.h"

namespace server {
namespace {

// As much as Redis keeps.
constexpr std::size_t kMostWords = 32;
constexpr std::size_t kMostWordBytes = 128;

constexpr std::string_view kRedacted = "(redacted)";

// Whether the word at `place` is a password.
bool IsPassword(const CommandSpec& spec, Arguments arguments, std::size_t place) {
  if (spec.name == "auth") return place > 0;
  if (spec.name == "hello") {
    for (std::size_t i = 2; i < place; ++i) {
      if (EqualsIgnoreCase(arguments[i], "auth")) return place - i <= 2;
    }
  }
  return spec.name == "config|set" && EqualsIgnoreCase(arguments[place - 1], "requirepass");
}

std::string Shortened(std::string_view word) {
  if (word.size() <= kMostWordBytes) return std::string(word);
  return std::string(word.substr(0, kMostWordBytes)) + "... (" +
         std::to_string(word.size() - kMostWordBytes) + " more bytes)";
}

}  // namespace

void SlowLog::Add(const CommandSpec& spec, Arguments arguments, const ClientSession& session,
                  std::int64_t unix_s, std::int64_t usec, std::size_t most) {
  Entry entry{.id = next_id_++,
              .unix_s = unix_s,
              .usec = usec,
              .words = {},
              .client_address = session.address,
              .client_name = session.name};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i + 1 == kMostWords && arguments.size() > kMostWords) {
      entry.words.push_back("... (" + std::to_string(arguments.size() - i) + " more arguments)");
      break;
    }
    entry.words.push_back(i > 0 && IsPassword(spec, arguments, i) ? std::string(kRedacted)
                                                                  : Shortened(arguments[i]));
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > most) entries_.pop_back();
}

}  // namespace server
