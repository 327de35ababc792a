#include "server/commands/string_words.h"

#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"

namespace server {
namespace {

// Takes a time to live, which two commands have. An option may be repeated, but not another one
// for the same thing be given.
bool TakeTime(Arguments words, std::size_t& at, StringWords& parsed) {
  const auto unit = DeadlineUnitOf(words[at]);
  if (!unit || parsed.keep_ttl || parsed.persist || at + 1 == words.size()) return false;
  if (parsed.unit && parsed.unit != unit) return false;
  parsed.unit = unit;
  parsed.time = words[++at];
  return true;
}

bool TakeSetWord(std::string_view word, StringWords& parsed) {
  if (EqualsIgnoreCase(word, "nx") && !parsed.exists) return parsed.not_exists = true;
  if (EqualsIgnoreCase(word, "xx") && !parsed.not_exists) return parsed.exists = true;
  if (EqualsIgnoreCase(word, "get")) return parsed.get = true;
  if (EqualsIgnoreCase(word, "keepttl") && !parsed.unit) return parsed.keep_ttl = true;
  return false;
}

bool TakeGetExWord(std::string_view word, StringWords& parsed) {
  if (EqualsIgnoreCase(word, "persist") && !parsed.unit) return parsed.persist = true;
  return false;
}

std::optional<StringWords> Parse(CommandContext& context, Arguments words,
                                 bool (*take_word)(std::string_view, StringWords&)) {
  StringWords parsed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (take_word(words[i], parsed) || TakeTime(words, i, parsed)) continue;
    context.reply.Error(kErrorSyntax);
    return std::nullopt;
  }
  return parsed;
}

}  // namespace

std::optional<StringWords> ParseSetWords(CommandContext& context, Arguments words) {
  return Parse(context, words, TakeSetWord);
}

std::optional<StringWords> ParseGetExWords(CommandContext& context, Arguments words) {
  return Parse(context, words, TakeGetExWord);
}

}  // namespace server
