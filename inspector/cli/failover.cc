#include "inspector/cli/failover.h"

#include <tuple>

#include "inspector/cli/connection.h"
#include "inspector/cli/outcome.h"

namespace inspector {
namespace {

bool IsBefore(const Candidate& left, const Candidate& right) {
  return std::tuple(left.epoch, left.position, -left.ordinal) <
         std::tuple(right.epoch, right.position, -right.ordinal);
}

bool IsReplica(const Candidate& candidate) {
  return candidate.role == "replica";
}

std::int64_t Number(const Json& map, const char* name) {
  return map.value(name, std::int64_t{0});
}

bool IsSelf(const Json& node) {
  return Number(node, "self") != 0;
}

std::optional<Candidate> OwnEntry(const Json& nodes, const ServerAddress& address) {
  for (const Json& node : nodes) {
    if (!IsSelf(node)) continue;
    return Candidate{.ordinal = static_cast<int>(Number(node, "ordinal")),
                     .role = node.value("role", std::string()),
                     .epoch = Number(node, "epoch"),
                     .position = Number(node, "position"),
                     .address = address};
  }
  return std::nullopt;
}

// What a node says of itself is newer than what others heard of it.
std::vector<Candidate> AskAll(const Json& nodes, const ServerAddress& first, std::string& silent) {
  std::vector<Candidate> candidates;
  for (const Json& node : nodes) {
    ServerAddress address = first;
    if (!IsSelf(node)) {
      address.host = node.value("host", std::string());
      address.port = static_cast<std::uint16_t>(Number(node, "port"));
    }
    try {
      const auto candidate =
          OwnEntry(IsSelf(node) ? nodes : Connection(address).Ask({"REGION", "NODES"}), address);
      if (candidate) candidates.push_back(*candidate);
    } catch (const Failure& failure) {
      silent += "node " + std::to_string(Number(node, "ordinal")) + ": " + failure.what() + "\n";
    }
  }
  return candidates;
}

}  // namespace

std::optional<Candidate> MostAdvanced(const std::vector<Candidate>& candidates) {
  std::optional<Candidate> best;
  for (const Candidate& candidate : candidates) {
    if (IsReplica(candidate) && (!best || IsBefore(*best, candidate))) best = candidate;
  }
  return best;
}

std::string DescribeOthers(const Candidate& chosen, const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& other : candidates) {
    if (!IsReplica(other) || other.ordinal == chosen.ordinal) continue;
    text += "node " + std::to_string(other.ordinal) + " (" + other.address.ToString() + ") ";
    if (other.epoch != chosen.epoch) {
      text += "is still in epoch " + std::to_string(other.epoch) + "\n";
    } else if (other.position == chosen.position) {
      text += "has as much as it\n";
    } else {
      text += "lacked " + std::to_string(chosen.position - other.position) + " bytes of the log\n";
    }
  }
  return text;
}

std::string Failover(const ServerAddress& address, bool as_json) {
  const Json nodes = Connection(address).Ask({"REGION", "NODES"});
  std::string silent;
  const std::vector<Candidate> candidates = AskAll(nodes, address, silent);
  const std::optional<Candidate> chosen = MostAdvanced(candidates);
  if (!chosen) {
    throw Failure(ExitCode::kBadAnswer, "no replica of this region answers\n" + silent);
  }
  Json reply;
  try {
    reply = Connection(chosen->address).Ask({"FAILOVER", "TAKEOVER"});
  } catch (const Failure& failure) {
    throw Failure(failure.code(), "node " + std::to_string(chosen->ordinal) + " (" +
                                      chosen->address.ToString() +
                                      ") did not take over: " + failure.what());
  }
  if (as_json) {
    Json promoted = reply.is_object() ? reply : Json{{"answer", reply}};
    promoted["ordinal"] = chosen->ordinal;
    promoted["host"] = chosen->address.host;
    promoted["port"] = chosen->address.port;
    return promoted.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  std::string text = "node " + std::to_string(chosen->ordinal) + " (" + chosen->address.ToString() +
                     ") is the primary now";
  if (reply.is_object() && reply.contains("epoch")) text += ", in epoch " + reply["epoch"].dump();
  text += "\n" + DescribeOthers(*chosen, candidates);
  for (const auto& [name, value] : reply.items()) {
    if (name == "epoch") continue;
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (!shown.empty()) text += (name == "message" ? "" : name + ": ") + shown + "\n";
  }
  return text + silent;
}

}  // namespace inspector
