#include "infra/http/streamed_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "infra/http/test_server.hpp"

namespace ms::http::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string head(std::string_view path, std::uint64_t length, std::string_view more = "") {
  return std::string("POST /streamed/").append(path).append(" HTTP/1.1\r\nHost: a\r\n").append(more) +
         "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string chunked(std::string_view path) {
  return std::string("POST /streamed/")
      .append(path)
      .append(" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

std::size_t memory() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return resident * 4096;
}

TEST(StreamedBody, KeepsTheConnectionAndWhatIsPipelined) {
  TestServer server;
  Client client(server.port());
  client.send(head("echo", 5) + "hello" + head("all", 0) + chunked("echo") +
              "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n" + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\n0")) << "no body";
  EXPECT_THAT(client.answer(), AllOf(EndsWith("\r\n\r\nabcde"), Not(HasSubstr("Connection:"))));
  EXPECT_THAT(client.answer(), EndsWith("GET /next"));
  for (const char c : chunked("echo") + "3\r\nabc\r\n0\r\n\r\n" + head("echo", 2) + "ok") client.send({&c, 1});
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nabc"));
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nok"));
  EXPECT_EQ(server.state().streamed_bodies, 0u);
}

TEST(StreamedBody, TakesMoreThanMemoryHolds) {
  constexpr std::uint64_t kSize = 300'000'000;
  TestServer server;
  Client client(server.port());
  const std::string part(1'000'000, 'x');
  const std::size_t before = memory();
  client.send(head("all", kSize));
  for (std::uint64_t sent = 0; sent < kSize; sent += part.size()) ASSERT_TRUE(client.send(part));
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\n300000000"));
  EXPECT_LT(memory(), before + 8'000'000);
  Client other(server.port());
  other.send(chunked("all"));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(other.send("f4240\r\n" + part + "\r\n"));
  other.send("0\r\n\r\n");
  EXPECT_THAT(other.answer(), EndsWith("\r\n\r\n100000000"));
}

TEST(StreamedBody, AClientSendsNoFasterThanTheHandlerReads) {
  TestServer server;
  Client client(server.port());
  std::atomic<std::size_t> sent = 0;
  std::thread sender([&] {
    client.send(head("slow?100", 40'000'000));
    const std::string part(100'000, 'x');
    while (sent < 40'000'000 && client.send(part)) sent += part.size();
  });
  server.wait_for_streamed_bodies(1);
  std::this_thread::sleep_for(500ms);
  EXPECT_LT(sent, 20'000'000u) << "what does not fit into the buffers of the kernel";
  EXPECT_EQ(server.state().in_flight, 0u) << "an upload does not turn pages away";
  server.destroy();
  sender.join();
}

TEST(StreamedBody, TellsTheClientToGoOnWhenItReads) {
  TestServer server;
  Client client(server.port());
  client.send(head("echo", 2, "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nok"));
  client.send(head("none", 2, "Expect: 100-continue\r\n"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 401 ")) << "without a 100";
  Client hasty(server.port());
  hasty.send(head("echo", 2, "Expect: 100-continue\r\n") + "ok");
  EXPECT_THAT(hasty.answer(), StartsWith("HTTP/1.1 200 "));
}

TEST(StreamedBody, AnEarlyAnswerReadsNoMoreThanABound) {
  TestServer server;
  for (const std::string path : {"none", "some?100000"}) {
    Client client(server.port());
    client.send(head(path, 50'000'000'000));
    const std::string part(1'000'000, 'x');
    std::size_t sent = 0;
    const auto before = steady_clock::now();
    while (sent < 2'000'000'000 && client.send(part)) sent += part.size();
    EXPECT_LT(sent, 100'000'000u) << path;
    EXPECT_LT(steady_clock::now() - before, 5s);
  }
  Client calm(server.port());
  calm.send(head("none", 1'000'000) + std::string(200'000, 'x'));
  EXPECT_THAT(calm.answer(), AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("\r\nConnection: close\r\n")));
  calm.half_close();
  EXPECT_EQ(calm.rest(), "") << "closed in order";
}

TEST(StreamedBody, CutsAClientThatIsTooSlowOnAverage) {
  Limits limits;
  limits.streamed_patience = 500ms;
  limits.streamed_rate = 1000;
  TestServer server(limits);
  Client silent(server.port());
  Client trickle(server.port());
  Client steady(server.port());
  silent.send(head("all", 10));
  trickle.send(head("all", 100'000));
  steady.send(head("all", 20 * 100));
  for (int i = 0; i < 20; ++i) {
    trickle.send("x");
    steady.send(std::string(100, 'x'));
    std::this_thread::sleep_for(80ms);
  }
  EXPECT_THAT(silent.answer(), EndsWith("\r\n\r\ntoo slow"));
  EXPECT_THAT(trickle.answer(), EndsWith("\r\n\r\ntoo slow"));
  EXPECT_THAT(steady.answer(), EndsWith("\r\n\r\n2000"));
  EXPECT_EQ(silent.rest(), "");
}

TEST(StreamedBody, NoticesThatTheClientLeft) {
  TestServer server;
  auto client = std::make_unique<Client>(server.port());
  client->send(head("all", 1000) + "some");
  server.wait_for_streamed_bodies(1);
  client.reset();
  server.wait_for_streamed_bodies(0);
  server.wait_for_connections(0);
  Client half(server.port());
  half.send(head("all", 1000) + "some");
  half.half_close();
  EXPECT_THAT(half.answer(), EndsWith("\r\n\r\ngone"));
}

TEST(StreamedBody, RejectsBrokenChunks) {
  TestServer server;
  for (const std::string& body : {"zz\r\n"s, "2\r\nabc\r\n0\r\n\r\n"s, "1;" + std::string(80'000, 'x')}) {
    Client client(server.port());
    client.send(chunked("all") + body);
    EXPECT_THAT(client.rest(), AllOf(EndsWith("\r\n\r\nmalformed"), HasSubstr("\r\nConnection: close\r\n")));
  }
}

TEST(StreamedBody, HasALimitOfItsOwn) {
  Limits limits;
  limits.streamed_bodies = 1;
  limits.body_bytes = 10;
  TestServer server(limits);
  Client first(server.port());
  first.send(head("all", 100));
  server.wait_for_streamed_bodies(1);
  Client second(server.port());
  second.send(head("all", 1));
  EXPECT_THAT(second.answer(), StartsWith("HTTP/1.1 503 "));
  first.send(std::string(100, 'x'));
  EXPECT_THAT(first.answer(), EndsWith("\r\n\r\n100"));
}

TEST(StreamedBody, IsCutWhenTheServerDrains) {
  Limits limits;
  limits.streamed_grace = 500ms;
  TestServer server(limits);
  Client slow(server.port());
  Client ending(server.port());
  slow.send(head("all", 1000) + "some");
  ending.send(head("all", 8) + "some");
  server.wait_for_streamed_bodies(2);
  auto drained = server.drain(100ms, 10s);
  ending.send("more");
  EXPECT_THAT(ending.answer(), EndsWith("\r\n\r\n8"));
  EXPECT_TRUE(slow.silent_for(200ms));
  EXPECT_THAT(slow.rest(), EndsWith("\r\n\r\nstopping"));
  EXPECT_EQ(drained.wait_for(3s), std::future_status::ready);
}

}  // namespace
}  // namespace ms::http::test
