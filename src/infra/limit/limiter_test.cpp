#include "infra/limit/limiter.hpp"

#include <gtest/gtest.h>

#include "infra/redis/private_redis.hpp"

namespace ms::limit {
namespace {

using namespace std::chrono_literals;
using redis::Command;
using redis::execute;
using redis::in;
using redis::run;

constexpr Rule kLogin{.name = "login", .limit = 3, .window = 600s};

async<int> allowed_of(Limiter& limiter, std::string subject, int tries) {
  const Call call = redis::test_call();
  int allowed = 0;
  for (int i = 0; i < tries; ++i) {
    const bool yes = co_await limiter.allow(call, kLogin, subject);
    if (yes) ++allowed;
  }
  co_return allowed;
}

class LimiterTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(run(io, client.ready(in(10s)))); }

  redis::PrivateRedis server;
  asio::io_context io{1};
  redis::Client client{io, server.config()};
  Limiter limiter{client};
};

TEST_F(LimiterTest, AllowsTheLimitForEachSubjectOverAllServers) {
  redis::Client other_client(io, server.config());
  ASSERT_TRUE(run(io, other_client.ready(in(10s))));
  Limiter other(other_client);
  EXPECT_EQ(run(io, allowed_of(limiter, "a@example.com", 2)), 2);
  EXPECT_EQ(run(io, allowed_of(other, "a@example.com", 5)), 1);
  EXPECT_EQ(run(io, allowed_of(limiter, "b@example.com", 5)), 3);
}

TEST_F(LimiterTest, StartsAgainAfterASuccess) {
  EXPECT_EQ(run(io, allowed_of(limiter, "a", 5)), 3);
  limiter.reset(kLogin, "a");
  EXPECT_EQ(run(io, allowed_of(limiter, "a", 5)), 3);
}

TEST_F(LimiterTest, EveryKeyExpiresAndIsAnonymous) {
  run(io, allowed_of(limiter, "a@example.com", 1));
  const auto keys = run(io, execute(client, Command("KEYS", "limit:*")));
  ASSERT_EQ(keys->items.size(), 1u);
  const std::string key = keys->items[0].text;
  EXPECT_EQ(key.find("example"), std::string::npos);
  run(io, execute(client, Command("PERSIST", key)));
  run(io, allowed_of(limiter, "a@example.com", 1));
  EXPECT_GT(run(io, execute(client, Command("TTL", key)))->integer, 590);
}

TEST_F(LimiterTest, CountsInTheProcessWithoutRedis) {
  server.kill();
  EXPECT_EQ(run(io, allowed_of(limiter, "a", 5)), 3);
  EXPECT_EQ(run(io, allowed_of(limiter, "b", 2)), 2);
  limiter.reset(kLogin, "a");
  EXPECT_EQ(run(io, allowed_of(limiter, "a", 5)), 3);
}

TEST(LocalCounts, BeginsANewWindowWhenTheOldOneIsOver) {
  LocalCounts counts;
  const LocalCounts::Time zero{};
  EXPECT_EQ(counts.add("a", 10s, zero), 1);
  EXPECT_EQ(counts.add("a", 10s, zero + 9s), 2);
  EXPECT_EQ(counts.add("a", 10s, zero + 10s), 1);
  EXPECT_EQ(counts.size(), 1u);
}

TEST(LocalCounts, EvictsTheOldest) {
  LocalCounts counts(2);
  const LocalCounts::Time zero{};
  counts.add("a", 10s, zero);
  counts.add("b", 10s, zero);
  counts.add("a", 10s, zero);
  EXPECT_EQ(counts.add("c", 10s, zero), 1);  // evicts "a", whose window is the oldest
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.add("b", 10s, zero), 2);
  EXPECT_EQ(counts.add("a", 10s, zero), 1);
}

}  // namespace
}  // namespace ms::limit
