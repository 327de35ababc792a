#include "server/commands/client_kill.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {

// Everybody who is connected here is a normal client: replicas and regions have connections of
// their own.
std::optional<bool> IsNormalType(CommandContext& context, std::string_view type) {
  if (EqualsIgnoreCase(type, "normal")) return true;
  for (const std::string_view other : {"master", "slave", "replica", "pubsub"}) {
    if (EqualsIgnoreCase(type, other)) return false;
  }
  context.reply.Error(std::string("ERR Unknown client type '").append(Told(type)).append("'"));
  return std::nullopt;
}

namespace {

struct KillFilter {
  std::optional<std::uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::int64_t> oldest_ms;
  bool nobody = false;  // A type of which nobody is.
  bool skip_me = true;

  bool Matches(const ClientSession& session, std::int64_t steady_ms) const {
    return !nobody && (!id || session.id == *id) && (!address || session.address == *address) &&
           (!local_address || session.local_address == *local_address) &&
           (!oldest_ms || steady_ms - session.connected_steady_ms >= *oldest_ms);
  }
};

std::int64_t KillMatching(CommandContext& context, const KillFilter& filter) {
  std::vector<std::uint64_t> ids;
  context.node.clients().ForEach([&](const ClientSession& session) {
    if (filter.skip_me && session.id == context.session.id) return;
    if (filter.Matches(session, context.node.steady_ms())) ids.push_back(session.id);
  });
  for (const std::uint64_t id : ids) {
    if (id == context.session.id) {
      context.session.close_after_reply = true;
    } else {
      context.node.clients().Kill(id);
    }
  }
  return static_cast<std::int64_t>(ids.size());
}

// Takes one option of the new form; answers the error and false where it makes no sense.
bool TakeOption(CommandContext& context, std::string_view name, std::string_view value,
                KillFilter& filter) {
  const auto refuse = [&](std::string_view error) {
    context.reply.Error(error);
    return false;
  };
  if (EqualsIgnoreCase(name, "id")) {
    const auto id = crdt::ParseInteger(value);
    if (!id || *id < 1) return refuse("ERR client-id should be greater than 0");
    filter.id = static_cast<std::uint64_t>(*id);
  } else if (EqualsIgnoreCase(name, "maxage")) {
    const auto seconds = crdt::ParseInteger(value);
    if (!seconds) return refuse("ERR maxage is not an integer or out of range");
    if (*seconds < 1) return refuse("ERR maxage should be greater than 0");
    constexpr std::int64_t kCenturySeconds = 100LL * 366 * 86400;
    filter.oldest_ms = std::min(*seconds, kCenturySeconds) * 1000;
  } else if (EqualsIgnoreCase(name, "type")) {
    const auto normal = IsNormalType(context, value);
    if (!normal) return false;
    filter.nobody = !*normal;
  } else if (EqualsIgnoreCase(name, "addr")) {
    filter.address = value;
  } else if (EqualsIgnoreCase(name, "laddr")) {
    filter.local_address = value;
  } else if (EqualsIgnoreCase(name, "user")) {
    if (value != "default")
      return refuse(std::string("ERR No such user '").append(Told(value)).append("'"));
  } else if (EqualsIgnoreCase(name, "skipme")) {
    filter.skip_me = EqualsIgnoreCase(value, "yes");
    if (!filter.skip_me && !EqualsIgnoreCase(value, "no")) return refuse(kErrorSyntax);
  } else {
    return refuse(kErrorSyntax);
  }
  return true;
}

}  // namespace

void KillClients(CommandContext& context, Arguments arguments) {
  KillFilter filter;
  if (arguments.size() == 3) {
    filter.address = arguments[2];
    filter.skip_me = false;
    if (KillMatching(context, filter) == 0) return context.reply.Error("ERR No such client");
    return context.reply.Ok();
  }
  if (arguments.size() % 2 != 0) return context.reply.Error(kErrorSyntax);
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    if (!TakeOption(context, arguments[i], arguments[i + 1], filter)) return;
  }
  context.reply.Integer(KillMatching(context, filter));
}

}  // namespace server
