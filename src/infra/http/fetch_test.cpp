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

FetchRequest request_to(int port, std::string path) {
  FetchRequest out;
  out.to = asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), static_cast<unsigned short>(port));
  out.host = "localhost";
  out.path = std::move(path);
  out.max_bytes = 1024;
  return out;
}

Outcome fetch_now(FetchRequest request, std::chrono::milliseconds timeout = 10s) {
  asio::io_context io{1};
  auto answer =
      asio::co_spawn(io, fetch(std::move(request), std::chrono::steady_clock::now() + timeout), asio::use_future);
  io.run();
  return answer.get();
}

/// Sends the same bytes to one client until the client closes.
class EndlessServer {
 public:
  explicit EndlessServer(std::string first, std::string then = {})
      : thread_([this, first, then] { serve(first, then); }) {}
  ~EndlessServer() { thread_.join(); }
  EndlessServer(const EndlessServer&) = delete;
  EndlessServer& operator=(const EndlessServer&) = delete;
  int port() const { return listener_.port(); }

 private:
  void serve(const std::string& first, const std::string& then) const {
    const int peer = ::accept(listener_.fd(), nullptr, nullptr);
    bool connected = ::send(peer, first.data(), first.size(), MSG_NOSIGNAL) >= 0;
    while (connected && !then.empty()) connected = ::send(peer, then.data(), then.size(), MSG_NOSIGNAL) >= 0;
    std::array<char, 512> rest{};
    while (connected && ::recv(peer, rest.data(), rest.size(), 0) > 0) {}
    ::close(peer);
  }

  test::Listener listener_;
  std::thread thread_;
};

TEST(Fetch, ReturnsStatusAndBody) {
  const test::TestServer server;
  const Outcome answer = fetch_now(request_to(server.port(), "/big?100"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), 100U);
}

TEST(Fetch, LimitsTheBody) {
  const test::TestServer server;
  const Outcome answer = fetch_now(request_to(server.port(), "/big?2000"));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error(), HasSubstr("body limit exceeded"));
}

TEST(Fetch, TimesOut) {
  const EndlessServer silent("");
  const Outcome answer = fetch_now(request_to(silent.port(), "/"), 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), "answer: no answer in time");
}

TEST(Fetch, ReportsThatNobodyListens) {
  int port = 0;
  { port = test::Listener().port(); }
  const Outcome answer = fetch_now(request_to(port, "/"));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error(), StartsWith("connect: Connection refused"));
}

TEST(Fetch, FailsOnGarbage) {
  const EndlessServer server("hello?\r\n\r\n");
  EXPECT_FALSE(fetch_now(request_to(server.port(), "/")));
}

TEST(Fetch, FailsOnAnEndlessHead) {
  const EndlessServer server("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n");
  EXPECT_FALSE(fetch_now(request_to(server.port(), "/")));
}

TEST(Fetch, FailsOnAnEndlessBody) {
  const EndlessServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nagain\r\n");
  EXPECT_FALSE(fetch_now(request_to(server.port(), "/")));
}

}  // namespace
}  // namespace ms::http
