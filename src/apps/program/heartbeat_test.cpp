#include "apps/program/heartbeat.hpp"

#include <gmock/gmock.h>

namespace ms::program {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

/// One thread's counts at some moment.
class HeartbeatTest : public testing::Test {
 protected:
  Moment moment(std::chrono::seconds at) { return {std::chrono::steady_clock::time_point(at), registry_.read()}; }
  void answered(std::string_view route, int count, std::chrono::milliseconds time, std::string_view status = "2xx") {
    const std::string of = metrics::labels({{"route", route}, {"method", "GET"}});
    auto& seconds = shard_.histogram("minschool_http_request_seconds", "", of);
    auto& counter = shard_.counter("minschool_http_requests", "", of + "," + metrics::labels({{"status", status}}));
    for (int i = 0; i < count; ++i) seconds.observe(time);
    counter.add(static_cast<std::uint64_t>(count));
  }

  metrics::Registry registry_;
  metrics::Shard& shard_ = registry_.shard();
};

TEST_F(HeartbeatTest, RatesAreOfLatelyAndPercentilesOfTheMinute) {
  answered("/old", 1000, 900ms);
  const Moment minute = moment(0s);
  answered("/a", 30, 4ms);
  const Moment lately = moment(50s);
  answered("/a", 18, 4ms);
  answered("/b", 2, 400ms, "5xx");
  const servers::Beat said = beat_between(minute, lately, moment(60s));
  EXPECT_DOUBLE_EQ(said.requests, 2);
  EXPECT_DOUBLE_EQ(said.errors, 0.2);
  ASSERT_THAT(said.routes, SizeIs(2)) << "what was before the minute is none of it";
  EXPECT_EQ(said.routes[0].name, "GET /a");
  EXPECT_DOUBLE_EQ(said.routes[0].per_second, 0.8);
  EXPECT_GT(said.routes[0].p50_ms, 2);
  EXPECT_LE(said.routes[0].p99_ms, 5);
  EXPECT_GT(said.p99_ms, 200);
  EXPECT_LE(said.p50_ms, 5);
}

TEST_F(HeartbeatTest, OnlyTheBusiestRoutesAreNamed) {
  const Moment before = moment(0s);
  for (int i = 1; i <= 9; ++i) answered("/" + std::to_string(i), i, 1ms);
  const servers::Beat said = beat_between(before, before, moment(10s));
  ASSERT_THAT(said.routes, SizeIs(5));
  EXPECT_EQ(said.routes.front().name, "GET /9");
  EXPECT_EQ(said.routes.back().name, "GET /5");
}

TEST_F(HeartbeatTest, ALineIsItsRoundTripsAndTheirMeanTime) {
  auto& trips = shard_.counter("minschool_pg_round_trips", "");
  auto& waited = shard_.total("minschool_pg_wait_seconds", "");
  shard_.gauge("minschool_pg_up", "").set(1);
  const Moment before = moment(0s);
  trips.add(20);
  waited.set(0.05);
  const servers::Beat said = beat_between(before, before, moment(10s));
  EXPECT_TRUE(said.postgres.up);
  EXPECT_DOUBLE_EQ(said.postgres.per_second, 2);
  EXPECT_DOUBLE_EQ(said.postgres.ms, 2.5);
  EXPECT_FALSE(said.redis.up);
}

TEST_F(HeartbeatTest, NothingAtAllIsNothing) {
  const Moment one = moment(5s);
  const servers::Beat said = beat_between(one, one, one);
  EXPECT_EQ(said.requests, 0);
  EXPECT_EQ(said.p99_ms, 0);
  EXPECT_THAT(said.routes, IsEmpty());
}

}  // namespace
}  // namespace ms::program
