// Which sockets are told, and how often, with sockets of the kernel.
#include "server/net/socket_poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/net/client_socket.h"

namespace server {
namespace {

using Events = SocketPoller::Events;

class SocketPollerTest : public ::testing::Test {
 protected:
  SocketPollerTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    here_.emplace(ends[0]);
    there_.emplace(ends[1]);
    EXPECT_TRUE(poller_.Add(here_->descriptor(), this));
    EXPECT_EQ(Turn(), SocketPoller::kOutput) << "there is room from the beginning";
  }
  // What one turn of the loop hears of the socket: nothing where it is not ready.
  Events Turn() {
    context_.restart();
    context_.poll();
    const auto ready = poller_.Poll();
    if (ready.empty()) return 0;
    EXPECT_EQ(ready.size(), 1);
    EXPECT_EQ(ready.front().data.ptr, this);
    return ready.front().events;
  }
  void Send(std::string_view bytes) {
    std::error_code error;
    EXPECT_EQ(there_->Write(bytes, error), bytes.size());
  }
  std::string Receive(std::size_t most) {
    std::string bytes(most, ' ');
    std::error_code error;
    bytes.resize(here_->Read(bytes, error));
    return bytes;
  }

  asio::io_context context_;
  SocketPoller poller_{context_};
  std::optional<ClientSocket> here_;
  std::optional<ClientSocket> there_;
};

TEST_F(SocketPollerTest, TellsOfWhatArrivesBehindAReadThatDidNotFillItsRoom) {
  EXPECT_EQ(Turn(), 0);
  for (const std::string bytes : {"ab", "c", "def"}) {
    Send(bytes);
    EXPECT_EQ(Turn(), SocketPoller::kInput | SocketPoller::kOutput);
    EXPECT_EQ(Receive(bytes.size() + 1), bytes);
    EXPECT_EQ(Turn(), 0);
  }
}

TEST_F(SocketPollerTest, TellsOnceOfWhatIsNotRead) {
  Send("ab");
  EXPECT_NE(Turn() & SocketPoller::kInput, 0);
  EXPECT_EQ(Receive(1), "a");
  EXPECT_EQ(Turn(), 0) << "the owner knows that its read filled the room";
}

TEST_F(SocketPollerTest, TellsTheEndTogetherWithWhatIsLeft) {
  Send("ab");
  there_->Close();
  const Events events = Turn();
  EXPECT_NE(events & SocketPoller::kInput, 0);
  EXPECT_NE(events & SocketPoller::kEnd, 0);
}

TEST_F(SocketPollerTest, WakesTheReactorThatWaits) {
  Send("a");
  context_.restart();
  EXPECT_EQ(context_.run_one_for(std::chrono::seconds(60)), 1);
  EXPECT_TRUE(poller_.woken());
  EXPECT_EQ(poller_.Poll().size(), 1);
  EXPECT_FALSE(poller_.woken());
}

TEST_F(SocketPollerTest, TellsWhenThereIsRoomAgain) {
  std::error_code error;
  const std::string much(1 << 20, 'x');
  while (!error) here_->Write(much, error);
  EXPECT_EQ(error, asio::error::would_block);
  EXPECT_EQ(Turn(), 0);
  std::string room(1 << 20, ' ');
  error.clear();
  while (!error) there_->Read(room, error);
  EXPECT_EQ(Turn(), SocketPoller::kOutput);
}

TEST(ClientSocket, TellsTheEndOfTheInput) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  ClientSocket here(ends[0]);
  std::string room(10, ' ');
  std::error_code error;
  EXPECT_EQ(here.Read(room, error), 0);
  EXPECT_EQ(error, asio::error::would_block);
  ClientSocket(ends[1]).Close();
  EXPECT_EQ(here.Read(room, error), 0);
  EXPECT_EQ(error, asio::error::eof);
  EXPECT_EQ(here.Write("x", error), 0);
  EXPECT_EQ(error, asio::error::broken_pipe);
}

}  // namespace
}  // namespace server
