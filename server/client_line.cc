#include "server/client_line.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <variant>

namespace server {
namespace {

std::string Flags(const ClientSession& session) {
  std::string flags;
  if (session.transaction) flags += 'x';
  if (session.waiting) flags += 'b';
  if (session.watch_dirty) flags += 'd';
  if (session.close_after_reply) flags += 'c';
  if (session.address.starts_with('/')) flags += 'U';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

// Copies of the words of a command that waits.
std::size_t WaitingWordBytes(const ClientSession& session) {
  if (!session.waiting) return 0;
  const std::vector<std::string>* words = nullptr;
  if (const auto* keys = std::get_if<KeyWait>(&session.waiting->what)) words = &keys->words;
  if (const auto* pause = std::get_if<PauseWait>(&session.waiting->what)) words = &pause->words;
  std::size_t bytes = 0;
  if (words != nullptr) {
    for (const std::string& word : *words) bytes += word.size();
  }
  return bytes;
}

// Redis keeps so many bytes of replies in a buffer, told as obl; what is beyond is a list of pieces
// of that size, told as oll and omem.
constexpr std::size_t kReplyPiece = 16 << 10;

// The words of a command are in the query buffer while it is carried out.
std::size_t WordBytes(const ClientSession& session, const ConnectionUse& use) {
  return use.parser + WaitingWordBytes(session);
}

}  // namespace

std::size_t ClientMemory(const ClientSession& session, const ConnectionUse& use) {
  const std::size_t queued = session.transaction ? session.transaction->bytes : 0;
  return sizeof(ClientSession) + use.query + use.query_free + WordBytes(session, use) + queued +
         session.output.capacity();
}

std::string ClientLine(const ClientSession& session, const ConnectionUse& use,
                       std::int64_t steady_ms) {
  const std::size_t queued = session.transaction ? session.transaction->bytes : 0;
  const long multi =
      session.transaction ? static_cast<long>(session.transaction->commands.size()) : -1;
  const std::size_t words = WordBytes(session, use);
  const std::size_t buffered = std::min(use.unsent, kReplyPiece);
  const std::size_t listed = use.unsent - buffered;
  return fmt::format(
      "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db=0 sub=0 psub=0 ssub=0 "
      "multi={} qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs={} rbp={} obl={} oll={} omem={} "
      "tot-mem={} events={} cmd={} user=default redir=-1 resp={} lib-name={} lib-ver={}",
      session.id, session.address, session.local_address, use.descriptor, session.name,
      (steady_ms - session.connected_steady_ms) / 1000,
      (steady_ms - session.last_command_steady_ms) / 1000, Flags(session), multi, use.query,
      use.query_free, words, queued, session.output.capacity(), session.output.capacity(), buffered,
      (listed + kReplyPiece - 1) / kReplyPiece, listed, ClientMemory(session, use),
      use.waits_to_send ? "rw" : "r", session.last_command, static_cast<int>(session.protocol),
      session.library_name, session.library_version);
}

}  // namespace server
