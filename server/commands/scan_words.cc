#include "server/commands/scan_words.h"

#include <cerrno>
#include <cstdlib>
#include <string>

#include "crdt/string_value.h"
#include "server/commands/glob.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"

namespace server {

bool ScanWords::Wants(std::string_view name) const {
  return !pattern || GlobMatches(*pattern, name);
}

std::optional<std::uint64_t> ParseCursor(CommandContext& context, std::string_view word) {
  const std::string text(word);
  char* end = nullptr;
  errno = 0;
  const std::uint64_t cursor = std::strtoull(text.c_str(), &end, 10);
  const bool begins_with_space = !text.empty() && std::isspace(static_cast<unsigned char>(text[0]));
  if (begins_with_space || *end != '\0' || errno == ERANGE) {
    context.reply.Error("ERR invalid cursor");
    return std::nullopt;
  }
  return cursor;
}

std::optional<ScanWords> ParseScanWords(CommandContext& context, Arguments words, ScanOf what) {
  ScanWords parsed;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const bool has_value = i + 1 < words.size();
    if (has_value && EqualsIgnoreCase(words[i], "count")) {
      const std::optional<std::int64_t> count = crdt::ParseInteger(words[i + 1]);
      if (!count || *count < 1) {
        context.reply.Error(count ? kErrorSyntax : kErrorNotAnInteger);
        return std::nullopt;
      }
      parsed.count = *count;
    } else if (has_value && EqualsIgnoreCase(words[i], "match")) {
      parsed.pattern = words[i + 1];
    } else if (has_value && what == ScanOf::kKeys && EqualsIgnoreCase(words[i], "type")) {
      parsed.type = words[i + 1];
    } else {
      context.reply.Error(kErrorSyntax);
      return std::nullopt;
    }
  }
  return parsed;
}

}  // namespace server
