#include "infra/io/async_event.hpp"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "infra/io/use_awaitable.hpp"

namespace ms::io {

// Lives in the frame of the waiting coroutine.
struct AsyncEvent::Waiter {
  Waiter(std::shared_ptr<AsyncEvent> of, const Timer::executor_type& executor, Deadline deadline)
      : event(std::move(of)), timer(executor, deadline) {
    event->waiters_.push_back(this);
  }
  ~Waiter() { std::erase(event->waiters_, this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  std::shared_ptr<AsyncEvent> event;
  Timer timer;
  bool notified = false;
};

async<bool> AsyncEvent::wait(std::shared_ptr<AsyncEvent> event, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  Waiter waiter(std::move(event), executor, deadline);
  co_await waiter.timer.async_wait(kAsTuple);
  co_return waiter.notified;
}

void AsyncEvent::notify_all() {
  for (Waiter* waiter : std::exchange(waiters_, {})) {
    waiter->notified = true;
    waiter->timer.cancel();
  }
}

void AsyncEvent::notify_one() {
  if (waiters_.empty()) return;
  Waiter* first = waiters_.front();
  waiters_.erase(waiters_.begin());
  first->notified = true;
  first->timer.cancel();
}

}  // namespace ms::io
