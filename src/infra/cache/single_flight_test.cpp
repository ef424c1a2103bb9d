#include "infra/cache/single_flight.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <stdexcept>

namespace ms::cache {
namespace {

using namespace std::chrono_literals;

// A shared key tells whether the flights still hold it.
using Key = std::shared_ptr<int>;
using Flights = SingleFlight<Key, int>;
using Gate = std::shared_ptr<io::AsyncEvent>;

async<int> fail_behind(Gate gate) {
  co_await io::AsyncEvent::wait(gate, Deadline::max());
  throw std::runtime_error("the source is gone");
}

async<void> run(Flights& flights, Key key, Gate gate, bool& failed) {
  const auto load = [&gate] { return fail_behind(gate); };
  try {
    co_await flights.run(Deadline::max(), std::move(key), load, [](int) {});
  } catch (const std::runtime_error&) { failed = true; }
}

TEST(SingleFlight, KeepsNothingWhenItsLastWaiterIsDestroyedAfterAFailure) {
  const Key key = std::make_shared<int>(1);
  Flights flights;
  bool loader_failed = false;
  bool waiter_failed = false;
  {
    const Gate gate = std::make_shared<io::AsyncEvent>();
    asio::io_context io;
    asio::co_spawn(io, run(flights, key, gate, loader_failed), asio::detached);
    asio::co_spawn(io, run(flights, key, gate, waiter_failed), asio::detached);
    io.poll();
    ASSERT_EQ(flights.waiting(), 1U);
    gate->notify_all();
    io.restart();
    while (!loader_failed) ASSERT_EQ(io.run_one(), 1U);
  }  // the waiter goes before its turn
  EXPECT_FALSE(waiter_failed);
  EXPECT_EQ(flights.waiting(), 0U);
  EXPECT_EQ(key.use_count(), 1) << "a flight without a caller is left";
}

}  // namespace
}  // namespace ms::cache
