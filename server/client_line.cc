#include "server/client_line.h"

#include <spdlog/fmt/fmt.h>

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

std::size_t MemoryOf(const ClientSession& session, std::size_t queued) {
  return sizeof(ClientSession) + session.output.capacity() + queued;
}

}  // namespace

std::string ClientLine(const ClientSession& session, std::int64_t steady_ms) {
  const std::size_t queued = session.transaction ? session.transaction->bytes : 0;
  const long multi =
      session.transaction ? static_cast<long>(session.transaction->commands.size()) : -1;
  // What is counted nowhere here (the query buffer is the connection's) is told as 0.
  return fmt::format(
      "id={} addr={} laddr={} fd=0 name={} age={} idle={} flags={} db=0 sub=0 psub=0 ssub=0 "
      "multi={} "
      "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem={} rbs=0 rbp=0 obl={} oll=0 omem=0 tot-mem={} "
      "events=r cmd={} user=default redir=-1 resp={} lib-name={} lib-ver={}",
      session.id, session.address, session.local_address, session.name,
      (steady_ms - session.connected_steady_ms) / 1000,
      (steady_ms - session.last_command_steady_ms) / 1000, Flags(session), multi, queued,
      session.output.size(), MemoryOf(session, queued), session.last_command,
      static_cast<int>(session.protocol), session.library_name, session.library_version);
}

}  // namespace server
