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

constexpr std::string_view kFollow = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

std::shared_ptr<const std::string> chunk(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

/// One more stream, whose head was read.
std::string follow(Client& client) {
  client.send(kFollow);
  return client.answer();
}

/// Waits until `over` of the last stream was called.
std::future<void> over(TestServer& server, std::string last_words = "") {
  const auto told = std::make_shared<std::promise<void>>();
  server.on_thread(
      [&] { server.streams().back()->on_end([told] { told->set_value(); }, [last_words] { return last_words; }); });
  return told->get_future();
}

bool happened(std::future<void>& what) { return what.wait_for(5s) == std::future_status::ready; }

/// Fills the reader's and the kernel's buffers until bytes wait in the stream; true while it is open.
bool overfill(TestServer& server, std::size_t bytes) {
  const auto part = chunk(std::string(16 * 1024, 'x'));
  bool open = true;
  server.on_thread([&] {
    for (std::size_t sent = 0; open && sent < bytes; sent += part->size()) open = server.streams().back()->send(part);
  });
  return open;
}

TEST(Stream, GoesOnAfterItsHeadInOrder) {
  TestServer server;
  Client client(server.port());
  const std::string head = follow(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  auto ended = over(server);
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
  EXPECT_TRUE(happened(ended));
  EXPECT_EQ(server.state().streams, 0u);
}

TEST(Stream, WritesInOrderWhatTheSocketDidNotTakeAtOnce) {
  Limits limits;
  limits.stream_bytes = 8 * 1024 * 1024;
  TestServer server(limits);
  Client client(server.port(), 4096);
  follow(client);
  std::string all;
  server.on_thread([&] {
    for (int i = 0; i < 40'000; ++i) {
      const auto part = chunk(std::to_string(i) + " and so on until nobody takes any more; ");
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
  follow(client);
  const std::string large(3'000'000, 'y');
  server.on_thread([&] {
    EXPECT_TRUE(server.streams()[0]->send(chunk(large)));
    EXPECT_TRUE(server.streams()[0]->send(chunk("and more")));
    EXPECT_TRUE(server.streams()[0]->send(chunk(" of it")));
    server.streams()[0]->close();
  });
  EXPECT_EQ(client.rest(), large + "and more of it");
}

TEST(Stream, CutsOffWhoLeavesTooMuchUnread) {
  TestServer server;
  Client client(server.port(), 4096);
  follow(client);
  auto ended = over(server);
  EXPECT_FALSE(overfill(server, 16 * 1024 * 1024));
  EXPECT_TRUE(happened(ended));
  EXPECT_EQ(server.state().streams, 0u);
  server.on_thread([&] { EXPECT_FALSE(server.streams()[0]->send(chunk("x"))); });
}

TEST(Stream, CutsOffWhoReadsNothingForTooLong) {
  Limits limits;
  limits.write_time = 0s;
  limits.stream_bytes = 16 * 1024 * 1024;
  TestServer server(limits);
  Client idle(server.port());
  follow(idle);
  Client client(server.port(), 4096);
  follow(client);
  auto ended = over(server);
  EXPECT_TRUE(overfill(server, 8 * 1024 * 1024));
  EXPECT_TRUE(happened(ended));
  EXPECT_EQ(server.state().streams, 1u) << "who has nothing to read is not late";
}

TEST(Stream, EndsWhenThePeerLeaves) {
  TestServer server;
  for (const bool orderly : {true, false}) {
    auto client = std::make_unique<Client>(server.port());
    follow(*client);
    auto ended = over(server);
    orderly ? client->half_close() : client->reset();
    EXPECT_TRUE(happened(ended));
    EXPECT_EQ(server.state().streams, 0u);
    server.on_thread([&] { EXPECT_FALSE(server.streams().back()->open()); });
  }
}

TEST(Stream, TellsOfItsEndAlsoWhoAsksLater) {
  TestServer server;
  {
    Client client(server.port());
    follow(client);
  }
  server.wait_for_streams(0);
  auto ended = over(server);
  EXPECT_TRUE(happened(ended));
}

TEST(Stream, HeadOpensNone) {
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
  follow(first);
  follow(second);
  {
    Client third(server.port());
    const std::string refused = follow(third);
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(refused, HasSubstr("\r\nRetry-After: "));
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
  EXPECT_THAT(follow(again), StartsWith("HTTP/1.1 200 "));
}

TEST(Stream, DrainGivesEachItsLastWordsAndWaitsForNone) {
  Limits limits;
  limits.stream_bytes = 16 * 1024 * 1024;
  TestServer server(limits);
  Client slow(server.port(), 4096);
  follow(slow);
  EXPECT_TRUE(overfill(server, 8 * 1024 * 1024));
  Client client(server.port());
  follow(client);
  auto ended = over(server, "retry: 700\n\n");
  Client working(server.port());
  working.send("GET /slow?300 HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  server.wait_for_in_flight(1);
  auto drained = server.drain(0ms, 5s);
  EXPECT_EQ(client.rest(), "retry: 700\n\n");
  EXPECT_TRUE(happened(ended));
  EXPECT_THAT(working.answer(), EndsWith("GET /slow"));
  EXPECT_THAT(working.answer(), StartsWith("HTTP/1.1 503 ")) << "no stream opens while draining";
  EXPECT_TRUE(happened(drained));
}

TEST(Stream, AllMayBeEndedWhileTheServerGoesOn) {
  TestServer server;
  Client reader(server.port());
  follow(reader);
  auto ended = over(server, "bye");
  server.end_streams();
  EXPECT_EQ(reader.rest(), "bye");
  EXPECT_TRUE(happened(ended));
  Client other(server.port());
  EXPECT_THAT(follow(other), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Stream, OneChunkFeedsAThousand) {
  rlimit files{};  // both ends are in this process
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  TestServer server;
  std::deque<Client> clients;
  for (int i = 0; i < 1000; ++i) follow(clients.emplace_back(server.port()));
  const auto shared = chunk("data: the same for all\n\n");
  server.on_thread([&] {
    for (const auto& stream : server.streams()) EXPECT_TRUE(stream->send(shared));
  });
  for (Client& client : clients) { EXPECT_EQ(client.take(shared->size()), *shared); }
  EXPECT_EQ(shared.use_count(), 1) << "what is written is let go of";
}

TEST(Stream, OutlivesItsServer) {
  TestServer server;
  Client client(server.port());
  follow(client);
  auto ended = over(server, "not said");
  server.destroy();
  EXPECT_TRUE(happened(ended));
  EXPECT_EQ(client.rest(), "");
  server.on_thread([&] {
    EXPECT_FALSE(server.streams()[0]->open());
    EXPECT_FALSE(server.streams()[0]->send(chunk("x")));
    server.streams()[0]->close();
  });
}

}  // namespace
}  // namespace ms::http::test
