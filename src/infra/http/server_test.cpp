#include "infra/http/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <random>

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

std::string get(std::string_view target, std::string_view more = "") {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(more).append("\r\n");
}

std::string post(std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

TEST(Server, KeepsConnectionsAlive) {
  TestServer server;
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/a?b=c"));
    const std::string answer = client.answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nDate: "));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nGET /a"));
    EXPECT_THAT(answer, Not(HasSubstr("Connection:")));
  }
  EXPECT_EQ(server.state().connections, 1u);
}

TEST(Server, ClosesOnRequest) {
  TestServer server;
  for (const std::string& request : {get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
    Client client(server.port());
    client.send(request);
    const std::string answer = client.rest();
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("GET /"));
  }
}

TEST(Server, MaySendNothingAndClosesInOrder) {
  TestServer server;
  for (const std::string& request :
       {get("/silent"), "POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"s}) {
    Client client(server.port());
    client.send(request);
    EXPECT_EQ(client.rest(), "");
  }
  Client other(server.port());
  other.send(get("/a"));
  EXPECT_THAT(other.answer(), EndsWith("GET /a"));
  EXPECT_EQ(server.state().in_flight, 0u);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  Client client(server.port());
  client.send(get("/slow?30") + post("two") + get("/3"));
  EXPECT_THAT(client.answer(), EndsWith("GET /slow"));
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\ntwo"));
  EXPECT_THAT(client.answer(), EndsWith("GET /3"));
}

TEST(Server, ReadsRequestsByteByByte) {
  TestServer server;
  Client client(server.port());
  for (const char c : "\r\n" + post("body") + get("/next")) client.send({&c, 1});
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nbody"));
  EXPECT_THAT(client.answer(), EndsWith("GET /next"));
}

TEST(Server, AnswersHeadWithoutBodyAndPassesOtherMethods) {
  TestServer server;
  Client client(server.port());
  client.send("HEAD /big?1234 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(false), HasSubstr("Content-Length: 1234\r\n"));
  client.send("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("TRACE / (other)"));
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("OPTIONS *"));
}

TEST(Server, ReceivesAndSendsAMegabyte) {
  TestServer server;
  Client client(server.port());
  std::string body(1024 * 1024, 'k');
  body.back() = '!';
  std::promise<bool> sent;
  std::thread sender([&] { sent.set_value(client.send(post(body))); });
  const std::string answer = client.answer();
  sender.join();
  EXPECT_TRUE(sent.get_future().get());
  EXPECT_THAT(answer.substr(answer.size() - body.size()) == body, true);
  client.send(get("/after"));
  EXPECT_THAT(client.answer(), EndsWith("GET /after"));
}

TEST(Server, AcceptsChunkedBodiesAndIgnoresTrailers) {
  TestServer server;
  Client client(server.port());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : head + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Real-IP: 1.2.3.4\r\n\r\n") client.send({&c, 1});
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nabcde"));
  client.send("POST /fields HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Real-IP: 1.2.3.4\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("POST /fields\nHost=a\nTransfer-Encoding=chunked"));
}

TEST(Server, SendsContinueWhenExpected) {
  TestServer server;
  Client client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nok"));
}

TEST(Server, RejectsMalformedRequestsAndCloses) {
  TestServer server;
  const std::pair<std::string, std::string_view> cases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"GET / HTTP/1.1\nHost: a\n\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "400"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(20000, 'x'), "400"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"\r\n\r\n\r\n", "400"},
      {"GET /" + std::string(20000, 'a'), "431"},
      {get("/", "X: " + std::string(20000, 'a') + "\r\n"), "431"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "413"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n", "413"},
  };
  for (const auto& [request, status] : cases) {
    Client client(server.port());
    client.send(request);
    client.half_close();
    const std::string answer = client.rest();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string(status))) << request.substr(0, 200);
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << "one answer only: " << answer;
  }
}

TEST(Server, AnswersClientsThatAreStillSending) {
  TestServer server;
  Client client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + std::string(40000, 'x'));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 413 "));
  client.half_close();
  EXPECT_EQ(client.rest(), "");
}

TEST(Server, UsesTheGivenErrorPage) {
  TestServer server({}, [](int status, const Request&) { return Response::text(status, "text/html", "<p>page"); });
  Client client(server.port());
  client.send("nonsense\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("<p>page"));
}

TEST(Server, PassesTheHeadToTheErrorPageWhenTheBodyIsTooLarge) {
  TestServer server({}, [](int status, const Request& request) {
    return Response::text(status, "text/plain", std::string(request.path) + " " + std::string(request.header("a")));
  });
  for (const std::string body : {"Content-Length: 1048577\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n100001\r\n"}) {
    Client client(server.port());
    client.send("POST /echo?q HTTP/1.1\r\nHost: a\r\nA: b\r\n" + body);
    EXPECT_THAT(client.answer(), AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("/echo b")));
  }
  Client broken(server.port());
  broken.send("nonsense\r\n\r\n");
  EXPECT_THAT(broken.answer(), EndsWith("\r\n\r\n "));
}

TEST(Server, DiscardsALargeBodyBeforeItCloses) {
  TestServer server;
  Client client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + std::string(8'000'000, 'x'));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 413 "));
  client.half_close();
  EXPECT_EQ(client.rest(), "");
}

TEST(Server, SurvivesAHandlerThatThrows) {
  TestServer server;
  Client client(server.port());
  client.send(get("/throw"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 500 "));
  Client other(server.port());
  other.send(get("/"));
  EXPECT_THAT(other.answer(), EndsWith("GET /"));
}

TEST(Server, AnswersSlowClientsWith408) {
  Limits limits;
  limits.head_time = limits.body_time = 1s;
  TestServer server(limits);
  Client head(server.port());
  Client body(server.port());
  Client trickle(server.port());
  head.send("GET / HT");
  body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  trickle.send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 100 && trickle.silent_for(30ms); ++i) trickle.send("x");
  for (Client* client : {&head, &body, &trickle}) EXPECT_THAT(client->answer(), StartsWith("HTTP/1.1 408 "));
}

TEST(Server, ClosesIdleConnectionsSilently) {
  Limits limits;
  limits.idle_time = 1s;
  TestServer server(limits);
  Client fresh(server.port());
  Client used(server.port());
  used.send(get("/"));
  used.answer();
  EXPECT_EQ(fresh.rest(), "");
  EXPECT_EQ(used.rest(), "");
}

TEST(Server, CutsClientsThatDoNotRead) {
  Limits limits;
  limits.write_time = 1s;
  TestServer server(limits);
  Client client(server.port(), 4096);
  client.send(get("/big?20000000"));
  server.wait_for_connections(1);
  const auto before = steady_clock::now();
  server.wait_for_connections(0);
  EXPECT_GE(steady_clock::now() - before, 900ms);
}

TEST(Server, ClosesConnectionsAboveItsLimit) {
  Limits limits;
  limits.connections = 2;
  TestServer server(limits);
  Client first(server.port());
  Client second(server.port());
  server.wait_for_connections(2);
  Client third(server.port());
  EXPECT_EQ(third.rest(), "");
  first.send(get("/"));
  EXPECT_THAT(first.answer(), EndsWith("GET /"));
}

TEST(Server, LetsAHandlerFinishAfterItsClientLeft) {
  TestServer server;
  {
    Client client(server.port());
    client.send(get("/slow?100"));
    server.wait_for_in_flight(1);
  }
  server.wait_for_in_flight(0);
  server.wait_for_connections(0);
  Client other(server.port());
  other.send(get("/"));
  EXPECT_THAT(other.answer(), EndsWith("GET /"));
}

TEST(Server, MayBeDestroyedWhileAHandlerRuns) {
  auto server = std::make_unique<TestServer>();
  Client client(server->port());
  client.send(get("/slow?100"));
  server->wait_for_in_flight(1);
  server.reset();
  EXPECT_EQ(client.answer(), "");
}

TEST(Drain, FinishesRequestsAndLetsIdlePeersCloseFirst) {
  TestServer server;
  Client busy(server.port());
  Client idle(server.port());
  Client late(server.port());
  busy.send(get("/slow?200"));
  server.wait_for_in_flight(1);
  server.wait_for_connections(3);
  auto drained = server.drain(1500ms, 5000ms);
  EXPECT_TRUE(idle.silent_for(300ms)) << "an idle connection was closed first";
  // A request that Nginx sent on a kept-alive connection before it knew of the drain gets a response.
  late.send(get("/late"));
  const std::string last = late.rest();
  EXPECT_THAT(last, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(last, EndsWith("GET /late"));
  const std::string answer = busy.rest();
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("GET /slow"));
  EXPECT_EQ(drained.wait_for(0ms), std::future_status::timeout);
  EXPECT_EQ(idle.rest(), "");
  idle.half_close();
  EXPECT_EQ(drained.wait_for(4s), std::future_status::ready);
}

TEST(Drain, EndsWhenTheLastPeerCloses) {
  TestServer server;
  auto idle = std::make_unique<Client>(server.port());
  server.wait_for_connections(1);
  auto drained = server.drain(10s, 20s);
  idle.reset();
  EXPECT_EQ(drained.wait_for(2s), std::future_status::ready);
}

TEST(Drain, CutsConnectionsAtTheDeadline) {
  TestServer server;
  Client busy(server.port());
  busy.send(get("/slow?1000"));
  server.wait_for_in_flight(1);
  auto drained = server.drain(50ms, 200ms);
  EXPECT_EQ(drained.wait_for(700ms), std::future_status::ready);
  EXPECT_EQ(busy.answer(), "");
}

// No fuzzing engine: the bytes are the same in every run, so that a failure can be reproduced.
TEST(Server, SurvivesMutatedRequests) {
  const std::vector<std::string> seeds = {
      get("/a?b=c", "Cookie: sid=1; x=2\r\nConnection: keep-alive\r\n"),
      post("title=%EA%B0%80"),
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;e=\"q\"\r\nabc\r\n0\r\nT: v\r\n\r\n",
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd",
      "POST /streamed/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd",
      "POST /streamed/all HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n",
  };
  TestServer server;
  std::minstd_rand random(20260302);
  const auto until = steady_clock::now() + 2s;
  int sent = 0;
  for (; sent < 3000 && steady_clock::now() < until; ++sent) {
    std::string bytes;
    for (auto requests = 1 + random() % 3; requests > 0; --requests) bytes += seeds[random() % seeds.size()];
    for (auto changes = 1 + random() % 6; changes > 0; --changes) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 8);
          break;
        case 2:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 16));
          break;
        default:
          bytes.insert(at, 1, "\r\n\0 :;"[random() % 6]);
      }
      if (bytes.empty()) break;
    }
    Client client(server.port());
    const std::size_t half = bytes.size() / 2;
    client.send(std::string_view(bytes).substr(0, half));
    client.send(std::string_view(bytes).substr(half));
    client.half_close();
    client.rest();
  }
  EXPECT_GT(sent, 0);
  Client client(server.port());
  client.send(get("/alive"));
  EXPECT_THAT(client.answer(), EndsWith("GET /alive"));
}

}  // namespace
}  // namespace ms::http::test
