#include "infra/storage/async_store.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <latch>
#include <thread>

#include "infra/storage/local_folder.hpp"

namespace ms::storage {
namespace {

using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(AsyncStoreTest, RunsCallsOnThreadsOfTheirOwn) {
  asio::io_context io;
  LocalFolder nowhere("/nonexistent");
  CpuPool threads(1, 1);
  AsyncStore store(nowhere, threads);
  std::thread::id ran;
  auto size = asio::co_spawn(io,
                             store.run(in(5s),
                                       [&ran](Store& blocking) {
                                         ran = std::this_thread::get_id();
                                         return blocking.size("a");
                                       }),
                             asio::use_future);
  io.run();
  EXPECT_EQ(size.get().error().fault, Fault::not_found);
  EXPECT_NE(ran, std::this_thread::get_id());
  EXPECT_EQ(store.download_path("a/b"), "/stored-files/a/b");
}

TEST(AsyncStoreTest, IsBusyWhenNoThreadIsFreeInTime) {
  asio::io_context io;
  LocalFolder nowhere("/nonexistent");
  CpuPool threads(1, 1);
  AsyncStore store(nowhere, threads);
  std::latch go(1);
  const auto wait = [&go](Store&) -> Result<> {
    go.wait();
    return {};
  };
  auto late = asio::co_spawn(io, store.run(in(20ms), wait), asio::use_future);
  auto waiting = asio::co_spawn(io, store.run(in(20ms), wait), asio::use_future);
  auto refused = asio::co_spawn(io, store.run(in(20ms), wait), asio::use_future);
  io.run();
  for (auto* one : {&late, &waiting, &refused}) EXPECT_EQ(one->get().error().fault, Fault::busy);
  EXPECT_EQ(store.failures().busy, 3);
  go.count_down();
}

}  // namespace
}  // namespace ms::storage
