#include "infra/io/sleep.hpp"

#include <boost/asio/this_coro.hpp>

#include "infra/io/use_awaitable.hpp"

namespace ms {

async<void> sleep_for(std::chrono::steady_clock::duration duration) {
  co_await sleep_until(std::chrono::steady_clock::now() + duration);
}

async<void> sleep_until(Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  io::Timer timer(executor, deadline);
  co_await timer.async_wait(io::kAsTuple);
}

}  // namespace ms
