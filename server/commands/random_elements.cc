#include "server/commands/random_elements.h"

#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "crdt/string_value.h"
#include "server/commands/reply_errors.h"

namespace server {

std::vector<std::string_view> DrawDifferent(const crdt::ElementTable& elements, std::uint64_t count,
                                            Database& database) {
  std::vector<std::string_view> drawn;
  // Drawing one by one takes few attempts while most of what is drawn is new.
  if (count * 3 <= elements.size()) {
    absl::flat_hash_set<std::string_view> seen;
    seen.reserve(count);
    drawn.reserve(count);
    while (drawn.size() < count) {
      const std::string_view name = DrawOne(elements, database);
      if (seen.insert(name).second) drawn.push_back(name);
    }
    return drawn;
  }
  drawn.reserve(elements.size());
  elements.ForEach([&](std::string_view name, std::string_view) { drawn.push_back(name); });
  if (count >= drawn.size()) return drawn;
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(drawn[i], drawn[i + database.Dice() % (drawn.size() - i)]);
  }
  drawn.resize(count);
  return drawn;
}

std::string_view DrawOne(const crdt::ElementTable& elements, Database& database) {
  return elements.Random([&database] { return database.Dice(); });
}

std::optional<std::int64_t> ParseDrawCount(ReplyWriter& reply, std::string_view word) {
  const std::optional<std::int64_t> count = crdt::ParseInteger(word);
  if (!count) {
    reply.Error(kErrorNotAnInteger);
  } else if (*count == std::numeric_limits<std::int64_t>::min()) {
    reply.Error(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
    return std::nullopt;
  }
  return count;
}

}  // namespace server
