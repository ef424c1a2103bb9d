#include "infra/limit/limiter.hpp"

#include <gtest/gtest.h>

#include "infra/redis/private_redis.hpp"

namespace ms::limit {
namespace {

using namespace std::chrono_literals;
using redis::in;
using redis::run;

constexpr MemberId kKim{1};
constexpr MemberId kLee{2};

async<int> allowed_of(Limiter& writes, MemberId member, bool staff, Write what, int tries) {
  const Call call = redis::test_call();
  int allowed = 0;
  for (int i = 0; i < tries; ++i) {
    const auto done = co_await writes.allow_write(call, member, staff, what);
    if (done) ++allowed;
    if (!done && done.error().code != ErrorCode::too_many) co_return -2;
  }
  co_return allowed;
}

class WritesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(run(io, client.ready(in(10s)))); }

  redis::PrivateRedis server;
  asio::io_context io{1};
  redis::Client client{io, server.config()};
  Limiter writes{client, {.each_minute = {2, 3, 4, 5, 6, 7}, .staff_factor = 2}};
};

TEST_F(WritesTest, LimitsEachKindForEachMember) {
  EXPECT_EQ(run(io, allowed_of(writes, kKim, false, Write::post, 5)), 2);
  EXPECT_EQ(run(io, allowed_of(writes, kKim, false, Write::comment, 5)), 3);
  EXPECT_EQ(run(io, allowed_of(writes, kLee, false, Write::comment, 5)), 3);
  EXPECT_EQ(run(io, allowed_of(writes, kKim, false, Write::like, 9)), 5);
}

TEST_F(WritesTest, StaffMayWriteMore) { EXPECT_EQ(run(io, allowed_of(writes, kKim, true, Write::comment, 9)), 6); }

TEST_F(WritesTest, LimitsHoldOverAllServersAndWithoutRedis) {
  redis::Client other_client(io, server.config());
  ASSERT_TRUE(run(io, other_client.ready(in(10s))));
  Limiter other(other_client, {.each_minute = {2, 3, 4, 5, 6, 7}, .staff_factor = 2});
  EXPECT_EQ(run(io, allowed_of(writes, kKim, false, Write::comment, 2)), 2);
  EXPECT_EQ(run(io, allowed_of(other, kKim, false, Write::comment, 2)), 1);
  server.kill();
  EXPECT_EQ(run(io, allowed_of(writes, kLee, false, Write::comment, 5)), 3);
}

async<Result<void>> mention(Limiter& writes, std::int64_t times) {
  const Call call = redis::test_call();
  co_return co_await writes.allow_write(call, kKim, false, Write::mention, times);
}

TEST_F(WritesTest, CountsSeveralAtOnce) {
  EXPECT_TRUE(run(io, mention(writes, 0)));
  EXPECT_TRUE(run(io, mention(writes, 5)));
  EXPECT_FALSE(run(io, mention(writes, 5)));
}

}  // namespace
}  // namespace ms::limit
