// The reply to HELP subcommands: one simple string per line.
#pragma once

#include <span>
#include <string_view>

#include "server/resp/reply_writer.h"

namespace server {

inline void WriteHelp(ReplyWriter& reply, std::span<const std::string_view> lines) {
  reply.Array(lines.size());
  for (const std::string_view line : lines) reply.Simple(line);
}

}  // namespace server
