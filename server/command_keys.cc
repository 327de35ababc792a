#include "server/command_keys.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"

namespace server {
namespace {

namespace flag = command_flag;

struct FlagName {
  std::uint32_t flag;
  std::string_view name;
};

constexpr std::array kFlagNames = {
    FlagName{flag::kDenyOom, "denyoom"},          FlagName{flag::kAdmin, "admin"},
    FlagName{flag::kNoScript, "noscript"},        FlagName{flag::kBlocking, "blocking"},
    FlagName{flag::kLoading, "loading"},          FlagName{flag::kStale, "stale"},
    FlagName{flag::kSkipMonitor, "skip_monitor"}, FlagName{flag::kFast, "fast"},
    FlagName{flag::kNoAuth, "no_auth"},           FlagName{flag::kNoMulti, "no_multi"},
    FlagName{flag::kMovableKeys, "movablekeys"},
};

struct GroupCategory {
  std::string_view group;
  std::string_view category;
};

constexpr std::array kGroupCategories = {
    GroupCategory{"string", "string"},
    GroupCategory{"bitmap", "bitmap"},
    GroupCategory{"hash", "hash"},
    GroupCategory{"set", "set"},
    GroupCategory{"list", "list"},
    GroupCategory{"sorted_set", "sortedset"},
    GroupCategory{"geo", "geo"},
    GroupCategory{"generic", "keyspace"},
    GroupCategory{"connection", "connection"},
    GroupCategory{"transactions", "transaction"},
    GroupCategory{"stream", "stream"},
    GroupCategory{"hyperloglog", "hyperloglog"},
};

bool Has(const CommandSpec& spec, std::uint32_t flag) {
  return (spec.flags & flag) != 0;
}

}  // namespace

std::vector<std::string_view> NamesOf(KeyUse use) {
  switch (use) {
    case KeyUse::kLook:
      return {"RO"};
    case KeyUse::kByAccess:
    case KeyUse::kRead:
      return {"RO", "access"};
    case KeyUse::kOverwrite:
      return {"OW", "update"};
    case KeyUse::kCreate:
      return {"OW", "insert"};
    case KeyUse::kUpdate:
      return {"RW", "update"};
    case KeyUse::kReadAndUpdate:
      return {"RW", "access", "update"};
    case KeyUse::kReadAndRefresh:
      return {"RW", "access"};
    case KeyUse::kInsert:
      return {"RW", "insert"};
    case KeyUse::kReadAndInsert:
      return {"RW", "access", "insert"};
    case KeyUse::kDelete:
      return {"RW", "delete"};
    case KeyUse::kTake:
      return {"RW", "access", "delete"};
    case KeyUse::kRemove:
      return {"RM", "delete"};
  }
  return {};
}

bool HasKeys(const CommandSpec& spec) {
  return spec.keys.first != 0 || spec.key_count_position != 0 || !spec.keyword_keys.empty();
}

std::optional<std::vector<std::size_t>> KeyPlaces(const CommandSpec& spec, Arguments arguments) {
  std::vector<std::size_t> places;
  const auto words = static_cast<int>(arguments.size());
  if (spec.keys.first != 0) {
    const int last = spec.keys.last < 0 ? words + spec.keys.last : spec.keys.last;
    for (int place = spec.keys.first; place <= last && place < words; place += spec.keys.step) {
      places.push_back(static_cast<std::size_t>(place));
    }
  }
  if (spec.key_count_position != 0) {
    const auto count_place = static_cast<std::size_t>(spec.key_count_position);
    const auto count = crdt::ParseInteger(arguments[count_place]);
    const auto most = static_cast<std::int64_t>(arguments.size() - count_place - 1);
    if (!count || *count < 1 || *count > most) return std::nullopt;
    for (std::int64_t i = 1; i <= *count; ++i) {
      places.push_back(count_place + static_cast<std::size_t>(i));
    }
  }
  for (const KeywordKey& key : spec.keyword_keys) {
    for (auto at = static_cast<std::size_t>(key.from); at + 1 < arguments.size(); ++at) {
      if (!EqualsIgnoreCase(arguments[at], key.keyword)) continue;
      const std::size_t behind = arguments.size() - at - 1;
      if (key.keys == KeywordKeys::kFirstHalf && behind % 2 == 1) return std::nullopt;
      const std::size_t count = key.keys == KeywordKeys::kFirstHalf ? behind / 2 : 1;
      for (std::size_t i = 1; i <= count; ++i) places.push_back(at + i);
      break;
    }
  }
  return places;
}

std::vector<std::string_view> FirstKeyUseNames(const CommandSpec& spec) {
  const bool stated = spec.first_key_use != KeyUse::kByAccess;
  return stated ? NamesOf(spec.first_key_use) : KeyUseNames(spec);
}

std::vector<std::string_view> KeyUseNames(const CommandSpec& spec) {
  if (spec.key_use != KeyUse::kByAccess) return NamesOf(spec.key_use);
  return NamesOf(spec.access == Access::kWrite ? KeyUse::kUpdate : KeyUse::kRead);
}

std::vector<std::string_view> FlagNames(const CommandSpec& spec) {
  std::vector<std::string_view> names;
  if (spec.access == Access::kWrite) names.push_back("write");
  if (spec.access == Access::kRead) names.push_back("readonly");
  for (const FlagName& row : kFlagNames) {
    if (Has(spec, row.flag)) names.push_back(row.name);
  }
  return names;
}

std::vector<std::string_view> CategoryNames(const CommandSpec& spec) {
  std::vector<std::string_view> names;
  const bool container = !spec.subcommands.empty() && spec.run == nullptr;
  if (!spec.category.empty()) {
    for (std::string_view rest = spec.category; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      names.push_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  } else if (!container) {
    for (const GroupCategory& row : kGroupCategories) {
      if (row.group == spec.group) names.push_back(row.category);
    }
  }
  if (spec.access == Access::kRead) names.push_back("read");
  if (spec.access == Access::kWrite) names.push_back("write");
  if (Has(spec, flag::kAdmin)) names.push_back("admin");
  if (Has(spec, flag::kAdmin | flag::kDangerous)) names.push_back("dangerous");
  if (Has(spec, flag::kBlocking)) names.push_back("blocking");
  names.push_back(Has(spec, flag::kFast) ? "fast" : "slow");
  return names;
}

}  // namespace server
