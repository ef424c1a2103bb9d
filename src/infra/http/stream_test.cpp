#include "infra/http/stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <deque>

#include "infra/http/test_server.hpp"

namespace ms::http::test {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kStreamRequest = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

std::shared_ptr<const std::string> chunk(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

/// Opens one more stream and reads its head.
std::string open_stream(Client& client) {
  client.send(kStreamRequest);
  return client.answer();
}

/// Ready when the last stream has ended.
std::future<void> end_of(TestServer& server, std::string final_bytes = "") {
  const auto ended = std::make_shared<std::promise<void>>();
  server.on_thread(
      [&] { server.streams().back()->on_end([ended] { ended->set_value(); }, [final_bytes] { return final_bytes; }); });
  return ended->get_future();
}

bool is_ready_soon(std::future<void>& what) { return what.wait_for(5s) == std::future_status::ready; }

/// Fills the client's and the kernel's buffers until bytes are pending in the stream; true while it is open.
bool overfill(TestServer& server, std::size_t bytes) {
  const auto part = chunk(std::string(16 * 1024, 'x'));
  bool open = true;
  server.on_thread([&] {
    for (std::size_t sent = 0; open && sent < bytes; sent += part->size()) open = server.streams().back()->send(part);
  });
  return open;
}

TEST(Stream, ContinuesAfterItsHeadInOrder) {
  TestServer server;
  Client client(server.port());
  const std::string head = open_stream(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  auto ended = end_of(server);
  for (const std::string word : {"one ", "two ", "three"}) {
    server.on_thread([&] { EXPECT_TRUE(server.streams()[0]->send(chunk(word))); });
    EXPECT_EQ(client.take(word.size()), word);
  }
  EXPECT_EQ(server.state().streams, 1u);
  EXPECT_EQ(server.state().connections, 0u);
  EXPECT_EQ(server.state().in_flight, 0u);
  server.on_thread([&] {
    server.streams()[0]->send(chunk("last"));
    server.streams()[0]->close();
    EXPECT_FALSE(server.streams()[0]->open());
    EXPECT_FALSE(server.streams()[0]->send(chunk("never")));
  });
  EXPECT_EQ(client.rest(), "last");
  EXPECT_TRUE(is_ready_soon(ended));
  EXPECT_EQ(server.state().streams, 0u);
}

TEST(Stream, WritesPendingBytesInOrder) {
  Limits limits;
  limits.stream_bytes = 8 * 1024 * 1024;
  TestServer server(limits);
  Client client(server.port(), 4096);
  open_stream(client);
  std::string all;
  server.on_thread([&] {
    for (int i = 0; i < 40'000; ++i) {
      const auto part = chunk(std::to_string(i) + " and so on until the socket is full; ");
      all += *part;
      EXPECT_TRUE(server.streams()[0]->send(part));
    }
    server.streams()[0]->send(chunk(""));
    server.streams()[0]->close();
  });
  EXPECT_EQ(client.rest(), all);
}

TEST(Stream, AChunkMayBeLargerThanTheLimit) {
  TestServer server;
  Client client(server.port(), 4096);
  open_stream(client);
  const std::string large(3'000'000, 'y');
  server.on_thread([&] {
    EXPECT_TRUE(server.streams()[0]->send(chunk(large)));
    EXPECT_TRUE(server.streams()[0]->send(chunk("and more")));
    EXPECT_TRUE(server.streams()[0]->send(chunk(" of it")));
    server.streams()[0]->close();
  });
  EXPECT_EQ(client.rest(), large + "and more of it");
}

TEST(Stream, CutsOffAClientWithTooMuchUnread) {
  TestServer server;
  Client client(server.port(), 4096);
  open_stream(client);
  auto ended = end_of(server);
  EXPECT_FALSE(overfill(server, 16 * 1024 * 1024));
  EXPECT_TRUE(is_ready_soon(ended));
  EXPECT_EQ(server.state().streams, 0u);
  server.on_thread([&] { EXPECT_FALSE(server.streams()[0]->send(chunk("x"))); });
}

TEST(Stream, CutsOffAClientThatReadsNothingForTooLong) {
  Limits limits;
  limits.write_time = 0s;
  limits.stream_bytes = 16 * 1024 * 1024;
  TestServer server(limits);
  Client idle(server.port());
  open_stream(idle);
  Client client(server.port(), 4096);
  open_stream(client);
  auto ended = end_of(server);
  EXPECT_TRUE(overfill(server, 8 * 1024 * 1024));
  EXPECT_TRUE(is_ready_soon(ended));
  EXPECT_EQ(server.state().streams, 1u) << "a client with nothing to read is not late";
}

TEST(Stream, EndsWhenThePeerLeaves) {
  TestServer server;
  for (const bool orderly : {true, false}) {
    auto client = std::make_unique<Client>(server.port());
    open_stream(*client);
    auto ended = end_of(server);
    orderly ? client->half_close() : client->reset();
    EXPECT_TRUE(is_ready_soon(ended));
    EXPECT_EQ(server.state().streams, 0u);
    server.on_thread([&] { EXPECT_FALSE(server.streams().back()->open()); });
  }
}

TEST(Stream, ReportsItsEndToLateCallbacks) {
  TestServer server;
  {
    Client client(server.port());
    open_stream(client);
  }
  server.wait_for_streams(0);
  auto ended = end_of(server);
  EXPECT_TRUE(is_ready_soon(ended));
}

TEST(Stream, HeadRequestOpensNone) {
  TestServer server;
  Client client(server.port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(false), HasSubstr("text/event-stream"));
  EXPECT_EQ(server.state().streams, 0u);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("GET /"));
}

TEST(Stream, HasALimitOfItsOwn) {
  Limits limits;
  limits.streams = 2;
  limits.connections = 3;
  TestServer server(limits);
  Client first(server.port());
  Client second(server.port());
  open_stream(first);
  open_stream(second);
  {
    Client third(server.port());
    const std::string response = open_stream(third);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(response, HasSubstr("\r\nRetry-After: "));
    EXPECT_EQ(third.rest(), "");
  }
  server.wait_for_connections(0);
  std::deque<Client> requests;
  for (int i = 0; i < 3; ++i) {
    requests.emplace_back(server.port()).send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(requests.back().answer(), EndsWith("GET /"));
  }
  server.on_thread([&] { server.streams()[0]->close(); });
  requests.pop_back();
  server.wait_for_connections(2);
  Client again(server.port());
  EXPECT_THAT(open_stream(again), StartsWith("HTTP/1.1 200 "));
}

TEST(Stream, DrainSendsFinalBytesAndWaitsForNone) {
  Limits limits;
  limits.stream_bytes = 16 * 1024 * 1024;
  TestServer server(limits);
  Client slow(server.port(), 4096);
  open_stream(slow);
  EXPECT_TRUE(overfill(server, 8 * 1024 * 1024));
  Client client(server.port());
  open_stream(client);
  auto ended = end_of(server, "retry: 700\n\n");
  Client working(server.port());
  working.send("GET /slow?300 HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  server.wait_for_in_flight(1);
  auto drained = server.drain(0ms, 5s);
  EXPECT_EQ(client.rest(), "retry: 700\n\n");
  EXPECT_TRUE(is_ready_soon(ended));
  EXPECT_THAT(working.answer(), EndsWith("GET /slow"));
  EXPECT_THAT(working.answer(), StartsWith("HTTP/1.1 503 ")) << "no stream opens while draining";
  EXPECT_TRUE(is_ready_soon(drained));
}

TEST(Stream, AllMayEndWhileTheServerContinues) {
  TestServer server;
  Client reader(server.port());
  open_stream(reader);
  auto ended = end_of(server, "bye");
  server.end_streams();
  EXPECT_EQ(reader.rest(), "bye");
  EXPECT_TRUE(is_ready_soon(ended));
  Client other(server.port());
  EXPECT_THAT(open_stream(other), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Stream, ThousandStreamsShareOneChunk) {
  rlimit files{};  // both ends are in this process
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  TestServer server;
  std::deque<Client> clients;
  for (int i = 0; i < 1000; ++i) open_stream(clients.emplace_back(server.port()));
  const auto shared = chunk("data: the same for all\n\n");
  server.on_thread([&] {
    for (const auto& stream : server.streams()) EXPECT_TRUE(stream->send(shared));
  });
  for (Client& client : clients) { EXPECT_EQ(client.take(shared->size()), *shared); }
  EXPECT_EQ(shared.use_count(), 1) << "written chunks are released";
}

TEST(Stream, OutlivesItsServer) {
  TestServer server;
  Client client(server.port());
  open_stream(client);
  auto ended = end_of(server, "not sent");
  server.destroy();
  EXPECT_TRUE(is_ready_soon(ended));
  EXPECT_EQ(client.rest(), "");
  server.on_thread([&] {
    EXPECT_FALSE(server.streams()[0]->open());
    EXPECT_FALSE(server.streams()[0]->send(chunk("x")));
    server.streams()[0]->close();
  });
}

}  // namespace
}  // namespace ms::http::test
