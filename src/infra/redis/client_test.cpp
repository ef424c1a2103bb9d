#include "infra/redis/client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "infra/redis/private_redis.hpp"

namespace ms::redis {
namespace {

using std::chrono::milliseconds;

async<> echo(Client& client, int number, std::vector<int>& answers) {
  const Call call = test_call();
  const auto reply = co_await client.execute(call, Command("ECHO", number));
  if (reply && reply->text == std::to_string(number)) answers.push_back(number);
}

async<bool> echo_all(asio::io_context& io, Client& client, std::vector<int>& answers, int count) {
  for (int i = 0; i < count; ++i) asio::co_spawn(io.get_executor(), echo(client, i, answers), asio::detached);
  std::vector<Command> last;
  last.emplace_back("PING");
  last.emplace_back("NO-SUCH-COMMAND");
  last.emplace_back("ECHO", "end");
  const Call call = test_call();
  const auto replies = co_await client.execute_all(call, std::move(last));
  co_return replies && (*replies)[0].text == "PONG" && (*replies)[1].is_error() && (*replies)[2].text == "end";
}

class ClientTest : public testing::Test {
 protected:
  bool wait_up() { return run(io, client.ready(in(std::chrono::seconds(10)))); }

  asio::io_context io{1};
  Client client{io, shared_redis()};
};

TEST_F(ClientTest, AThousandCallersGetTheirOwnAnswersInOrder) {
  ASSERT_TRUE(wait_up());
  std::vector<int> answers;
  EXPECT_TRUE(run(io, echo_all(io, client, answers, 1000)));
  ASSERT_EQ(answers.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(client.state().in_flight, 0u);
}

TEST_F(ClientTest, CommandsBeyondTheQueueAreUnknownAtOnce) {
  ASSERT_TRUE(wait_up());
  std::vector<int> answers;
  EXPECT_FALSE(run(io, echo_all(io, client, answers, 5000)));
  EXPECT_TRUE(client.up());
  while (client.state().in_flight > 0) io.run_one();
  io.poll();
  EXPECT_EQ(answers.size(), 4096u);
}

TEST_F(ClientTest, AWrongCommandIsAnErrorAndNotUnknown) {
  ASSERT_TRUE(wait_up());
  const auto reply = run(io, execute(client, Command("INCR")));
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->is_error());
  EXPECT_TRUE(client.up());
}

TEST_F(ClientTest, RecordsRoundTripsAndTimeInTheCall) {
  ASSERT_TRUE(wait_up());
  Timing timing;
  const Call call(in(std::chrono::seconds(10)), "test", &timing);
  run(io, client.execute(call, Command("PING")));
  EXPECT_EQ(timing.redis_trips, 1);
  EXPECT_GT(timing.redis.count(), 0);
}

TEST_F(ClientTest, ACallWithoutTimeLeftIsUnknownWithoutARoundTrip) {
  ASSERT_TRUE(wait_up());
  EXPECT_FALSE(run(io, execute(client, Command("PING"), in(milliseconds(-1)))));
  EXPECT_EQ(client.state().in_flight, 0u);
}

TEST_F(ClientTest, FireAndForgetRunsBeforeTheNextCommand) {
  ASSERT_TRUE(wait_up());
  client.fire_and_forget(Command("SET", "test:client:sent", "value", "EX", 60));
  const auto reply = run(io, execute(client, Command("GET", "test:client:sent")));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "value");
}

TEST_F(ClientTest, CloseResumesWaitingCallers) {
  ASSERT_TRUE(wait_up());
  bool answered = false;
  asio::co_spawn(io.get_executor(), execute(client, Command("BLPOP", "test:client:nothing", 0)),
                 [&](std::exception_ptr, const std::optional<Reply>& reply) { answered = !reply; });
  io.poll();
  client.close();
  io.restart();
  io.run();  // ends, because nothing is left running
  EXPECT_TRUE(answered);
}

TEST(Client, ReportsWhyATcpConnectionFails) {
  asio::io_context io{1};
  Client client(io, Config{.host = "127.0.0.1", .port = 1, .probe_every = milliseconds(10)});
  EXPECT_FALSE(run(io, client.ready(in(milliseconds(50)))));
  EXPECT_EQ(client.state().error, "Connection refused");
}

TEST(Client, ADestroyedLoopDestroysItsWaiters) {
  auto io = std::make_unique<asio::io_context>(1);
  auto client = std::make_unique<Client>(*io, shared_redis());
  ASSERT_TRUE(run(*io, client->ready(in(std::chrono::seconds(10)))));
  asio::co_spawn(io->get_executor(), execute(*client, Command("BLPOP", "test:client:nothing", 0)), asio::detached);
  io->poll();
  client.reset();
  io.reset();
}

}  // namespace
}  // namespace ms::redis
