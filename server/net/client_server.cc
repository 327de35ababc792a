#include "server/net/client_server.h"

#include <utility>

#include "server/net/descriptor_limit.h"
#include "server/process_usage.h"

namespace server {
namespace {

constexpr std::string_view kProtected =
    "-DENIED this server runs in protected mode: it has no password and answers only clients on "
    "its "
    "own machine. Set requirepass, or protected-mode = false where the network is trusted.\r\n";
constexpr std::string_view kTooMany = "-ERR max number of clients reached\r\n";

// Of one client and turn; each is a few dozen requests.
constexpr int kBatchesPerTurn = 8;
constexpr std::size_t kMostUnsent = 64 << 20;
constexpr std::size_t kMostUnsentAmongMany = 1 << 20;
// From when on many are said to leave replies unread.
constexpr std::size_t kMuchUnsent = 512 << 20;
// Of the machine's memory, for requests that are not complete.
constexpr std::uint64_t kInputShare = 4;
// A client with a small buffer is never closed for the sake of memory.
constexpr std::size_t kSmallInput = 128 << 10;

}  // namespace

ClientServer::ClientServer(asio::io_context& context, EventLog& log)
    : poller_(context),
      log_(log),
      most_input_bytes_(MeasureProcess().machine_memory_bytes / kInputShare) {}

bool ClientServer::HasRoomForOneMore() {
  const std::uint64_t clients = connections_.size();
  if (clients >= node_->config().maxclients) return false;
  if (clients + kOwnDescriptors < descriptors_) return true;
  descriptors_ = RaiseDescriptorLimit(node_->config().maxclients + kOwnDescriptors);
  return clients + kOwnDescriptors < descriptors_;
}

void ClientServer::Welcome(Newcomer newcomer) {
  const geo_config::Config& config = node_->config();
  const bool denied = !newcomer.loopback && config.protected_mode && config.requirepass.empty();
  if (denied || !HasRoomForOneMore()) {
    node_->stats().rejected_connections += 1;
    std::error_code ignored;
    newcomer.socket.Write(denied ? kProtected : kTooMany, ignored);
    return;
  }
  node_->stats().connections_received += 1;
  const std::uint64_t id = next_id_++;
  auto connection =
      std::make_shared<ClientConnection>(*this, *node_, std::move(newcomer.socket), id);
  connection->session().address = std::move(newcomer.address);
  connection->session().local_address = std::move(newcomer.local_address);
  connections_.emplace(id, connection);
  connection->Start();
}

void ClientServer::Receive() {
  for (const SocketPoller::Ready& ready : poller_.Poll()) {
    static_cast<ClientConnection*>(ready.data.ptr)->OnReady(ready.events);
  }
}

void ClientServer::Execute() {
  for (int i = 0; i < kBatchesPerTurn && !more_.empty(); ++i) ExecuteOneBatch();
}

void ClientServer::ExecuteOneBatch() {
  executing_.swap(more_);
  batch_.Clear();
  for (const auto& connection : executing_) {
    connection->has_more_ = false;
    connection->ParseInto(batch_);
  }
  node_->Prefetch(batch_.lookups());
  for (const RequestBatch::Request& request : batch_.requests()) {
    request.connection->Run(batch_, request);
  }
  for (const auto& connection : executing_) connection->FinishBatch();
  executing_.clear();
}

void ClientServer::Flush() {
  const storage::LogPosition released = node_->Released();
  flushing_.swap(touched_);
  if (released != released_) {
    released_ = released;
    for (auto& connection : holding_) {
      connection->is_holding_ = false;
      if (!connection->is_touched_) flushing_.push_back(std::move(connection));
    }
    holding_.clear();
  }
  for (auto& connection : flushing_) {
    connection->is_touched_ = false;
    connection->Flush(released);
    if (connection->holds_replies() && !connection->closed() && !connection->is_holding_) {
      connection->is_holding_ = true;
      holding_.push_back(std::move(connection));
    }
  }
  flushing_.clear();
  gone_.clear();
}

void ClientServer::OnTick() {
  // The connection may remove itself from the map.
  for (auto next = connections_.begin(); next != connections_.end();) {
    const std::shared_ptr<ClientConnection> connection = (next++)->second;
    connection->OnTick();
  }
}

void ClientServer::CloseAll() {
  while (!connections_.empty()) {
    const std::shared_ptr<ClientConnection> connection = connections_.begin()->second;
    connection->Close();
  }
  gone_.clear();
}

void ClientServer::Touch(ClientConnection& connection) {
  if (std::exchange(connection.is_touched_, true)) return;
  touched_.push_back(connection.shared_from_this());
}

void ClientServer::Continue(ClientConnection& connection) {
  if (std::exchange(connection.has_more_, true)) return;
  more_.push_back(connection.shared_from_this());
}

void ClientServer::Remove(ClientConnection& connection) {
  input_bytes_ -= std::exchange(connection.counted_input_, 0);
  unsent_bytes_ -= std::exchange(connection.counted_output_, 0);
  const auto found = connections_.find(connection.session().id);
  gone_.push_back(std::move(found->second));
  connections_.erase(found);
}

std::size_t ClientServer::most_unsent() const {
  return unsent_bytes_ < kMuchUnsent ? kMostUnsent : kMostUnsentAmongMany;
}

void ClientServer::CountInput(ClientConnection& connection) {
  const std::size_t bytes = connection.input_bytes();
  input_bytes_ += bytes - std::exchange(connection.counted_input_, bytes);
  if (input_bytes_ > most_input_bytes_ && bytes > kSmallInput) {
    connection.CloseWith("unfinished requests take too much memory altogether");
  }
}

void ClientServer::CountOutput(ClientConnection& connection) {
  const std::size_t bytes = connection.unsent();
  unsent_bytes_ += bytes - std::exchange(connection.counted_output_, bytes);
}

void ClientServer::ForEach(const std::function<void(ClientSession&)>& visit) {
  for (const auto& [id, connection] : connections_) visit(connection->session());
}

ConnectionUse ClientServer::UseOf(const ClientSession& session) const {
  const auto found = connections_.find(session.id);
  return found == connections_.end() ? ConnectionUse() : found->second->use();
}

bool ClientServer::Kill(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return false;
  found->second->Kill();
  return true;
}

void ClientServer::Wake(ClientSession& session) {
  const auto found = connections_.find(session.id);
  if (found != connections_.end()) found->second->Wake();
}

}  // namespace server
