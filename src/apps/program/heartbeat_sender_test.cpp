#include "apps/program/heartbeat_sender.hpp"
#include "infra/storage/local_folder.hpp"

#include <gmock/gmock.h>

namespace ms::program {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

class HeartbeatTest : public testing::Test {
 protected:
  Moment moment(std::chrono::seconds at) { return {std::chrono::steady_clock::time_point(at), telemetry_.totals()}; }
  /// The two threads answer in turn.
  void count(const std::string& route, int count, std::chrono::milliseconds time, std::size_t status_class = 2) {
    for (int i = 0; i < count; ++i) {
      const std::size_t thread = static_cast<std::size_t>(i) % threads_.size();
      ThreadMetrics::Route& cells = routes_[thread][route];
      if (cells.seconds == nullptr) cells = threads_[thread]->add_route(route, http::Method::get);
      cells.seconds->observe(time);
      if (cells.by_class[status_class] == nullptr) {
        cells.by_class[status_class] = &threads_[thread]->add_class(route, http::Method::get, status_class);
      }
      cells.by_class[status_class]->add();
    }
  }

  CpuPool pool_{1, 1};
  storage::LocalFolder folder_{"/nonexistent"};
  storage::AsyncStore store_{folder_, pool_};
  Shared shared_{pool_, store_};
  Telemetry telemetry_{"minschool-site", "app1", shared_};
  std::array<ThreadMetrics*, 2> threads_{&telemetry_.add_thread(telemetry_.registry.shard(), 0),
                                         &telemetry_.add_thread(telemetry_.registry.shard(), 1)};
  std::array<std::map<std::string, ThreadMetrics::Route>, 2> routes_;
};

TEST_F(HeartbeatTest, RatesCoverTheRecentPastAndPercentilesTheMinute) {
  count("/old", 1000, 900ms);
  const Moment minute = moment(0s);
  count("/a", 30, 4ms);
  const Moment recent = moment(50s);
  count("/a", 18, 4ms);
  count("/b", 2, 400ms, ThreadMetrics::kErrors);
  const servers::Heartbeat heartbeat = heartbeat_between(minute, recent, moment(60s));
  EXPECT_DOUBLE_EQ(heartbeat.requests, 2);
  EXPECT_DOUBLE_EQ(heartbeat.errors, 0.2);
  ASSERT_THAT(heartbeat.routes, SizeIs(2)) << "routes from before the minute do not count";
  EXPECT_EQ(heartbeat.routes[0].name, "GET /a");
  EXPECT_DOUBLE_EQ(heartbeat.routes[0].per_second, 0.8);
  EXPECT_GT(heartbeat.routes[0].p50_ms, 2);
  EXPECT_LE(heartbeat.routes[0].p99_ms, 5);
  EXPECT_GT(heartbeat.p99_ms, 200);
  EXPECT_LE(heartbeat.p50_ms, 5);
}

TEST_F(HeartbeatTest, OnlyTheBusiestRoutesAreNamed) {
  const Moment before = moment(0s);
  for (int i = 1; i <= 9; ++i) count("/" + std::to_string(i), i, 1ms);
  const servers::Heartbeat heartbeat = heartbeat_between(before, before, moment(10s));
  ASSERT_THAT(heartbeat.routes, SizeIs(5));
  EXPECT_EQ(heartbeat.routes.front().name, "GET /9");
  EXPECT_EQ(heartbeat.routes.back().name, "GET /5");
}

TEST_F(HeartbeatTest, ADependencyHasItsRoundTripsAndTheirMeanTime) {
  threads_[1]->pg_up.set(1);
  const Moment before = moment(0s);
  for (ThreadMetrics* thread : threads_) {
    thread->pg_trips.add(10);
    thread->pg_seconds.set(0.025);
  }
  const servers::Heartbeat heartbeat = heartbeat_between(before, before, moment(10s));
  EXPECT_TRUE(heartbeat.postgres.up);
  EXPECT_DOUBLE_EQ(heartbeat.postgres.per_second, 2);
  EXPECT_DOUBLE_EQ(heartbeat.postgres.ms, 2.5);
  EXPECT_FALSE(heartbeat.redis.up);
}

TEST_F(HeartbeatTest, GaugesOfAllThreadsAddUp) {
  for (ThreadMetrics* thread : threads_) {
    thread->pg_busy.set(2);
    thread->pg_idle.set(3);
    thread->streams.set(40);
    thread->turned_away.add(5);
    thread->cache_hits.set(7);
  }
  const Moment before{};
  const servers::Heartbeat heartbeat = heartbeat_between(before, before, moment(10s));
  EXPECT_EQ(heartbeat.pg_in_use, 4);
  EXPECT_EQ(heartbeat.pg_idle, 6);
  EXPECT_EQ(heartbeat.streams, 80);
  EXPECT_EQ(heartbeat.turned_away, 10);
  EXPECT_EQ(heartbeat.cache_hits, 14);
  EXPECT_GT(heartbeat.memory, 0);
}

TEST_F(HeartbeatTest, WithoutElapsedTimeRatesAreZero) {
  const Moment one = moment(5s);
  const servers::Heartbeat heartbeat = heartbeat_between(one, one, one);
  EXPECT_EQ(heartbeat.requests, 0);
  EXPECT_EQ(heartbeat.p99_ms, 0);
  EXPECT_THAT(heartbeat.routes, IsEmpty());
}

}  // namespace
}  // namespace ms::program
