#include "infra/io/cpu_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <latch>
#include <stdexcept>

#include "infra/io/sleep.hpp"

namespace ms {
namespace {

using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

struct CpuPoolTest : testing::Test {
  asio::io_context io;

  template <class T>
  auto start(CpuPool& pool, std::function<T()> job, Deadline deadline) {
    return asio::co_spawn(io, pool.run<T>(std::move(job), deadline), asio::use_future);
  }
};

TEST_F(CpuPoolTest, RunsOnAnotherThreadOfLowPriority) {
  CpuPool pool(1, 4);
  auto result = start<std::pair<pid_t, int>>(
      pool, [] { return std::pair(::gettid(), ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()))); }, in(5s));
  io.run();
  const auto value = result.get();
  ASSERT_TRUE(value);
  EXPECT_NE(value->first, ::gettid());
  EXPECT_GE(value->second, 10);
}

TEST_F(CpuPoolTest, RethrowsExceptionsAtTheCaller) {
  CpuPool pool(1, 4);
  auto result = start<int>(pool, []() -> int { throw std::runtime_error("no"); }, in(5s));
  io.run();
  EXPECT_THROW(result.get(), std::runtime_error);
}

TEST_F(CpuPoolTest, FailsAtOnceWhenTheQueueIsFull) {
  std::latch started(1);
  std::latch go(1);
  CpuPool pool(1, 1);
  auto running = start<int>(
      pool,
      [&] {
        started.count_down();
        go.wait();
        return 1;
      },
      in(5s));
  io.poll();
  started.wait();
  auto waiting = start<int>(pool, [] { return 2; }, in(5s));
  auto refused = start<int>(pool, [] { return 3; }, in(5s));
  io.poll();
  EXPECT_EQ(refused.get(), std::nullopt);
  go.count_down();
  io.run();
  EXPECT_EQ(running.get(), 1);
  EXPECT_EQ(waiting.get(), 2);
}

TEST_F(CpuPoolTest, NeverStartsAJobWhoseDeadlinePassed) {
  std::latch started(1);
  std::latch go(1);
  std::atomic<bool> ran = false;
  {
    CpuPool pool(1, 1);
    auto running = start<int>(
        pool,
        [&] {
          started.count_down();
          go.wait();
          return 1;
        },
        in(5s));
    io.poll();
    started.wait();
    auto late = start<int>(
        pool,
        [&] {
          ran = true;
          return 2;
        },
        in(20ms));
    io.run_one_for(2s);  // spawns it
    io.run_one_for(2s);  // its deadline
    EXPECT_EQ(late.get(), std::nullopt);
    // The late job's place in the queue is free again.
    auto next = start<int>(pool, [] { return 3; }, in(5s));
    io.poll();
    go.count_down();
    io.run();
    EXPECT_EQ(running.get(), 1);
    EXPECT_EQ(next.get(), 3);
  }
  EXPECT_FALSE(ran);
}

TEST_F(CpuPoolTest, DoesNotWaitForARunningJobBeyondTheDeadline) {
  auto go = std::make_shared<std::latch>(1);
  CpuPool pool(1, 1);
  auto late = start<int>(
      pool,
      [go] {
        go->wait();
        return 1;
      },
      in(20ms));
  io.run();
  EXPECT_EQ(late.get(), std::nullopt);
  go->count_down();
}

TEST_F(CpuPoolTest, SleepLastsAtLeastItsTime) {
  const auto before = std::chrono::steady_clock::now();
  auto done = asio::co_spawn(io, sleep_for(15ms), asio::use_future);
  io.run();
  done.get();
  EXPECT_GE(std::chrono::steady_clock::now() - before, 15ms);
}

}  // namespace
}  // namespace ms
