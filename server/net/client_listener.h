// Where clients connect: TCP addresses and a unix socket.
#pragma once

#include <asio.hpp>
#include <memory>
#include <string>
#include <vector>

#include "crdt/result.h"
#include "geo-config/config.h"
#include "server/net/client_server.h"

namespace server {

// What is meant by addresses as they are written in the configuration: `*` is every IPv4 and every
// IPv6 address, `::*` every IPv6 address.
std::vector<std::string> ListenAddresses(const std::vector<std::string>& written);

class ClientListener {
 public:
  ClientListener(asio::io_context& context, ClientServer& clients)
      : context_(context), clients_(clients) {}

  // An error names the address that cannot be had.
  crdt::Status Listen(const geo_config::Config& config);
  void Stop();

 private:
  // The executor's type is known at compile time: the sockets that come out of it are cheaper.
  template <class Protocol>
  using Acceptor = asio::basic_socket_acceptor<Protocol, asio::io_context::executor_type>;
  using TcpAcceptor = Acceptor<asio::ip::tcp>;
  using UnixAcceptor = Acceptor<asio::local::stream_protocol>;
  using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

  crdt::Status ListenTcp(const std::string& address, std::uint16_t port);
  crdt::Status ListenUnix(const std::string& path, std::uint32_t mode);
  template <class SomeAcceptor>
  void Accept(std::shared_ptr<SomeAcceptor> acceptor);
  void Welcome(TcpSocket socket);

  asio::io_context& context_;
  ClientServer& clients_;
  int keepalive_seconds_ = 0;
  std::vector<std::shared_ptr<TcpAcceptor>> tcp_acceptors_;
  std::shared_ptr<UnixAcceptor> unix_acceptor_;
  std::string unix_path_;
};

}  // namespace server
