#include "infra/io/sleep.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ms {

async<void> sleep_for(std::chrono::steady_clock::duration duration) {
  co_await sleep_until(std::chrono::steady_clock::now() + duration);
}

async<void> sleep_until(Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>()));
}

}  // namespace ms
