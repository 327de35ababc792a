// Which words of a command are keys, and the categories that Redis puts commands in.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "server/command.h"

namespace server {

bool HasKeys(const CommandSpec& spec);
// The places of the keys in `arguments`; empty where a count among the words makes no sense.
// REQUIRES: the arity is right.
std::optional<std::vector<std::size_t>> KeyPlaces(const CommandSpec& spec, Arguments arguments);

// "RW", "access", "update" and the like, of a use, of the first key and of the others.
std::vector<std::string_view> NamesOf(KeyUse use);
std::vector<std::string_view> FirstKeyUseNames(const CommandSpec& spec);
std::vector<std::string_view> KeyUseNames(const CommandSpec& spec);

// "write", "fast" and the like, as COMMAND INFO tells them.
std::vector<std::string_view> FlagNames(const CommandSpec& spec);
// "write", "hash", "slow" and the like, without the @.
std::vector<std::string_view> CategoryNames(const CommandSpec& spec);

}  // namespace server
