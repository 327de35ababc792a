// What WAIT, WAITAOF, REGION WAIT and SHUTDOWN ask, and what they answer when the waiting is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/client_session.h"
#include "server/command.h"
#include "server/node.h"

namespace server {

// What was asked for is reached. Deadlines are not looked at.
bool IsWaitOver(Node& node, const Wait& wait);

// Ends the session's wait and writes the numbers reached now, enough or not.
// REQUIRES: the session waits.
void AnswerWait(Node& node, ClientSession& session);

// Ends the session's wait with an error: the whole text.
// REQUIRES: the session waits.
void RefuseWait(ClientSession& session, std::string_view error);

// Ends the session's wait with a whole reply, unless the client wants none.
// REQUIRES: the session waits.
void FinishWait(ClientSession& session, std::string_view reply);

// Answers at once where `asked` is reached or nothing may wait (inside EXEC); else puts the session
// to sleep, for ever where `timeout_ms` is 0.
void AnswerOrWait(CommandContext& context, const decltype(Wait::what)& asked,
                  std::int64_t timeout_ms);

// A timeout in milliseconds; empty, and the error answered, where the word is none.
std::optional<std::int64_t> ParseTimeout(CommandContext& context, std::string_view word);

}  // namespace server
