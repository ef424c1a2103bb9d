// A Redis that dies, hangs, is full or is read-only. Each test ends with a Redis that works again.
#include <gtest/gtest.h>

#include "infra/redis/private_redis.hpp"

namespace ms::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Outage : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(recovers()); }
  bool recovers() { return run(io, client.ready(in(seconds(10)))); }
  std::optional<Reply> execute_now(Command command) { return run(io, execute(client, std::move(command))); }
  // Runs the loop until the circuit is open.
  void wait_until_down() {
    const auto until = in(seconds(5));
    while (client.up() && steady_clock::now() < until) io.run_one_for(milliseconds(10));
    ASSERT_FALSE(client.up());
  }

  PrivateRedis server;
  asio::io_context io{1};
  Client client{io, server.config()};
};

TEST_F(Outage, AHangingRedisCostsOneDeadlineAndThenNothing) {
  server.freeze();
  const auto began = steady_clock::now();
  EXPECT_FALSE(execute_now(Command("PING")));
  const auto waited = steady_clock::now() - began;
  EXPECT_GE(waited, milliseconds(100));
  // The abandoned reply stays in the queue, unless this machine was so slow that the connection already counts as hung.
  if (client.up()) EXPECT_EQ(client.state().in_flight, 1u);

  wait_until_down();  // the oldest command is too old: hung
  const auto open_began = steady_clock::now();
  EXPECT_FALSE(execute_now(Command("PING")));
  EXPECT_LT(steady_clock::now() - open_began, milliseconds(5));
  EXPECT_EQ(client.state().error, "no answer in time");

  server.thaw();
  ASSERT_TRUE(recovers());
  EXPECT_EQ(execute_now(Command("ECHO", "mine"))->text, "mine");
}

TEST_F(Outage, ALateReplyIsNotMistakenForTheNextOne) {
  server.freeze();
  EXPECT_FALSE(execute_now(Command("ECHO", "late")));
  server.thaw();
  const auto reply = execute_now(Command("ECHO", "mine"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text, "mine");
  EXPECT_TRUE(client.up());
}

TEST_F(Outage, AShortCallDeadlineWinsAndDoesNotBlameRedis) {
  server.freeze();
  const auto began = steady_clock::now();
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(run(io, execute(client, Command("PING"), in(milliseconds(5)))));
  EXPECT_LT(steady_clock::now() - began, milliseconds(200));
  EXPECT_TRUE(client.up());
  server.thaw();
  EXPECT_TRUE(execute_now(Command("PING")));
}

TEST_F(Outage, AKilledRedisOpensTheCircuitAtOnceAndARestartClosesIt) {
  server.kill();
  wait_until_down();
  EXPECT_FALSE(execute_now(Command("PING")));
  server.start();
  ASSERT_TRUE(recovers());
  EXPECT_TRUE(execute_now(Command("PING")));
}

TEST_F(Outage, OutOfMemoryIsUnknownAndOpensTheCircuitUntilThereIsRoom) {
  ASSERT_EQ(execute_now(Command("CONFIG", "SET", "maxmemory", 1))->text, "OK");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(execute_now(Command("SET", "k", "v")));
  EXPECT_FALSE(client.up());
  EXPECT_FALSE(run(io, client.ready(in(milliseconds(200)))));  // Redis answers PING but takes no writes
  EXPECT_TRUE(client.state().error.starts_with("OOM")) << client.state().error;
  server.kill();
  server.start();
  ASSERT_TRUE(recovers());
  EXPECT_TRUE(execute_now(Command("SET", "k", "v")));
}

TEST_F(Outage, AReadOnlyReplicaIsNotUsable) {
  ASSERT_EQ(execute_now(Command("REPLICAOF", "127.0.0.1", 1))->text, "OK");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(execute_now(Command("SET", "k", "v")));
  EXPECT_FALSE(client.up());
  EXPECT_TRUE(client.state().error.starts_with("READONLY")) << client.state().error;
  server.kill();
  server.start();
  ASSERT_TRUE(recovers());
}

TEST_F(Outage, AWrongPasswordIsReportedToTheOperator) {
  ASSERT_EQ(execute_now(Command("CONFIG", "SET", "requirepass", "secret"))->text, "OK");
  Config config = server.config();
  config.password = "wrong";
  Client refused(io, config);
  EXPECT_FALSE(run(io, refused.ready(in(milliseconds(200)))));
  EXPECT_TRUE(refused.state().error.starts_with("WRONGPASS")) << refused.state().error;
  config.password = "secret";
  config.database = 3;
  Client right(io, config);
  EXPECT_TRUE(run(io, right.ready(in(seconds(10)))));
}

TEST_F(Outage, PendingCommandsArriveBeforeAnyOther) {
  bool owing = true;
  int delivered = 0;
  client.before_up(
      [&owing] {
        std::vector<Command> commands;
        if (owing) commands.emplace_back("SET", "owed", "paid");
        return commands;
      },
      [&] {
        owing = false;
        ++delivered;
      });
  client.trip("test");
  EXPECT_FALSE(client.up());
  ASSERT_TRUE(recovers());
  EXPECT_EQ(execute_now(Command("GET", "owed"))->text, "paid");
  EXPECT_EQ(delivered, 1);
}

class Subscription : public testing::Test {
 protected:
  template <class Done>
  bool until(Done done) {
    const auto end = in(seconds(5));
    while (!done() && steady_clock::now() < end) io.run_one_for(milliseconds(10));
    return done();
  }

  PrivateRedis server;
  asio::io_context io{1};
  std::vector<std::string> messages;
  std::vector<bool> gaps;
  Subscriber subscriber{io,
                        server.config(),
                        {"one", "two"},
                        [this](std::string_view channel, std::string_view message) {
                          messages.push_back(std::string(channel) + "=" + std::string(message));
                        },
                        [this](bool connected) { gaps.push_back(connected); }};
  Client client{io, server.config()};
};

TEST_F(Subscription, DeliversMessagesAndReportsEveryPossibleGap) {
  ASSERT_TRUE(until([this] { return gaps.size() == 1 && client.up(); }));
  EXPECT_EQ(gaps, (std::vector<bool>{true}));
  client.fire_and_forget(Command("PUBLISH", "one", "a"));
  client.fire_and_forget(Command("PUBLISH", "two", "b"));
  client.fire_and_forget(Command("PUBLISH", "three", "c"));
  ASSERT_TRUE(until([this] { return messages.size() == 2; }));
  EXPECT_EQ(messages, (std::vector<std::string>{"one=a", "two=b"}));

  server.kill();
  ASSERT_TRUE(until([this] { return gaps.size() == 2; }));
  server.start();
  ASSERT_TRUE(until([this] { return gaps.size() == 3 && client.up(); }));
  EXPECT_EQ(gaps, (std::vector<bool>{true, false, true}));
  client.fire_and_forget(Command("PUBLISH", "one", "again"));
  ASSERT_TRUE(until([this] { return messages.size() == 3; }));
}

TEST_F(Subscription, CatchesUpWithoutRunningTheLoop) {
  EXPECT_FALSE(subscriber.catch_up());
  ASSERT_TRUE(until([this] { return subscriber.catch_up(); }));
  asio::io_context elsewhere{1};
  Client other{elsewhere, server.config()};
  ASSERT_TRUE(run(elsewhere, other.ready(in(seconds(10)))));
  const auto published = run(elsewhere, execute(other, Command("PUBLISH", "one", "a")));
  ASSERT_EQ(published->integer, 1);
  // Redis may write the publisher's answer before the message; before it answers again the message has left.
  ASSERT_TRUE(run(elsewhere, execute(other, Command("PING"))));
  ASSERT_TRUE(messages.empty());
  subscriber.catch_up();
  EXPECT_EQ(messages, (std::vector<std::string>{"one=a"}));

  server.freeze();
  EXPECT_TRUE(until([this] { return !subscriber.catch_up(); }));
  server.thaw();
  EXPECT_TRUE(until([this] { return subscriber.catch_up(); }));
}

TEST_F(Subscription, NoticesAHangingPeer) {
  ASSERT_TRUE(until([this] { return gaps.size() == 1; }));
  server.freeze();
  ASSERT_TRUE(until([this] { return gaps.size() == 2; }));
  EXPECT_FALSE(gaps.back());
  server.thaw();
  ASSERT_TRUE(until([this] { return gaps.size() == 3; }));
}

}  // namespace
}  // namespace ms::redis
