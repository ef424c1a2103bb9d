#include "infra/http/fetch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "infra/http/test_server.hpp"

namespace ms::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using Outcome = std::expected<FetchResponse, std::string>;

FetchRequest question(int port, std::string path) {
  FetchRequest out;
  out.to = asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), static_cast<unsigned short>(port));
  out.host = "localhost";
  out.path = std::move(path);
  out.max_bytes = 1024;
  return out;
}

Outcome ask_now(FetchRequest question, std::chrono::milliseconds patience = 10s) {
  asio::io_context io{1};
  auto answer =
      asio::co_spawn(io, fetch(std::move(question), std::chrono::steady_clock::now() + patience), asio::use_future);
  io.run();
  return answer.get();
}

/// Sends the same bytes to whoever connects, again and again until the peer has enough.
class Babbler {
 public:
  explicit Babbler(std::string first, std::string then = {}) : thread_([this, first, then] { talk(first, then); }) {}
  ~Babbler() { thread_.join(); }
  Babbler(const Babbler&) = delete;
  Babbler& operator=(const Babbler&) = delete;
  int port() const { return listener_.port(); }

 private:
  void talk(const std::string& first, const std::string& then) const {
    const int peer = ::accept(listener_.fd(), nullptr, nullptr);
    bool goes_on = ::send(peer, first.data(), first.size(), MSG_NOSIGNAL) >= 0;
    while (goes_on && !then.empty()) goes_on = ::send(peer, then.data(), then.size(), MSG_NOSIGNAL) >= 0;
    std::array<char, 512> rest{};
    while (goes_on && ::recv(peer, rest.data(), rest.size(), 0) > 0) {}
    ::close(peer);
  }

  test::Listener listener_;
  std::thread thread_;
};

TEST(Ask, GivesStatusAndBody) {
  const test::TestServer server;
  const Outcome answer = ask_now(question(server.port(), "/big?100"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), 100U);
}

TEST(Ask, TakesNoMoreThanItWants) {
  const test::TestServer server;
  const Outcome answer = ask_now(question(server.port(), "/big?2000"));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error(), HasSubstr("body limit exceeded"));
}

TEST(Ask, DoesNotWaitForLate) {
  const Babbler silent("");
  const Outcome answer = ask_now(question(silent.port(), "/"), 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), "answer: no answer in time");
}

TEST(Ask, SaysThatNobodyListens) {
  int port = 0;
  { port = test::Listener().port(); }
  const Outcome answer = ask_now(question(port, "/"));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error(), StartsWith("connect: Connection refused"));
}

TEST(Ask, GivesUpOnGarbage) {
  const Babbler babbler("hello?\r\n\r\n");
  EXPECT_FALSE(ask_now(question(babbler.port(), "/")));
}

TEST(Ask, GivesUpOnAHeadWithoutEnd) {
  const Babbler babbler("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n");
  EXPECT_FALSE(ask_now(question(babbler.port(), "/")));
}

TEST(Ask, GivesUpOnABodyWithoutEnd) {
  const Babbler babbler("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nagain\r\n");
  EXPECT_FALSE(ask_now(question(babbler.port(), "/")));
}

}  // namespace
}  // namespace ms::http
