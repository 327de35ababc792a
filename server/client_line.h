// One client as CLIENT LIST tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/client_registry.h"
#include "server/client_session.h"

namespace server {

// "id=3 addr=127.0.0.1:50123 …" without a line break.
std::string ClientLine(const ClientSession& session, const ConnectionUse& use,
                       std::int64_t steady_ms);

// Bytes that the client takes, about: its line's tot-mem.
std::size_t ClientMemory(const ClientSession& session, const ConnectionUse& use);

}  // namespace server
