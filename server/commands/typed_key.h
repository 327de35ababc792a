// A key read by a command that works on one type.
#pragma once

#include <optional>
#include <string_view>

#include "server/command.h"
#include "server/commands/reply_errors.h"
#include "server/node.h"

namespace server {

// To commands on strings a HyperLogLog is one, too.
inline bool IsOf(const crdt::KeyView& view, crdt::ValueType type) {
  return view.type() == type || (type == crdt::ValueType::kString && view.has_text());
}

// The key where it shows nothing or `type`. Where it shows another type WRONGTYPE is answered, and
// the result is empty. Counts as a hit or a miss.
inline std::optional<crdt::KeyView> ReadTyped(CommandContext& context, std::string_view key,
                                              crdt::ValueType type) {
  const crdt::KeyView view = context.database.Read(key);
  ServerStats& stats = context.node.stats();
  if (!view.exists()) {
    ++stats.keyspace_misses;
    return view;
  }
  ++stats.keyspace_hits;
  if (IsOf(view, type)) return view;
  context.reply.Error(kErrorWrongType);
  return std::nullopt;
}

// As ReadTyped, for a key that is about to be written.
inline std::optional<crdt::KeyView> ReadTypedToWrite(CommandContext& context, std::string_view key,
                                                     crdt::ValueType type) {
  const crdt::KeyView view = context.database.ReadToWrite(key);
  if (!view.exists() || IsOf(view, type)) return view;
  context.reply.Error(kErrorWrongType);
  return std::nullopt;
}

}  // namespace server
