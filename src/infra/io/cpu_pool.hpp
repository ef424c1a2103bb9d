#pragma once
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms {

/// Threads for work of more than about 1 ms of processor time (argon2), which would stall the event loop.
/// The queue is bounded: a flood of logins fails at once instead of making everybody wait. Destroy it before the
/// io_contexts that call it: results are posted to them.
class CpuPool {
 public:
  /// With low priority the event loops, for which all requests wait, always run first.
  enum class Priority { low, normal };

  /// `queue_limit`: jobs that may wait, not counting the running ones.
  CpuPool(int threads, std::size_t queue_limit, Priority priority = Priority::low);
  /// Waits for running jobs; drops the waiting ones.
  ~CpuPool();
  CpuPool(const CpuPool&) = delete;
  CpuPool& operator=(const CpuPool&) = delete;

  /// Runs `job` on a thread of the pool and returns its result on the caller's executor, where its exceptions are
  /// rethrown. nullopt: the queue was full (returns at once), or the deadline passed. A job whose deadline passed
  /// before it started never runs. One that is running then is left to finish and its result is dropped, so it must own
  /// what it uses.
  template <class T>
  async<std::optional<T>> run(std::function<T()> job, Deadline deadline);
  /// The number of waiting jobs, not counting the running ones. Any thread may call it.
  std::size_t waiting() const;

 private:
  struct Task {
    Deadline deadline;
    std::function<void()> work;
  };

  /// False when the queue is full.
  bool submit(Task task);
  void thread_main(Priority priority);

  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class T>
async<std::optional<T>> CpuPool::run(std::function<T()> job, Deadline deadline) {
  // Lives as long as the job, which may outlive the caller. Only the caller's thread uses `timer`.
  struct State {
    std::optional<T> result;
    std::exception_ptr thrown;
    asio::steady_timer* timer = nullptr;
    bool done = false;
  };
  // Clears `timer` whichever way the caller's frame ends.
  struct TimerGuard {
    explicit TimerGuard(State& waited) : state(waited) {}
    ~TimerGuard() { state.timer = nullptr; }
    State& state;
  };

  const auto executor = co_await asio::this_coro::executor;
  const auto state = std::make_shared<State>();
  asio::steady_timer timer(executor, deadline);
  state->timer = &timer;
  const TimerGuard waiting(*state);

  std::function<void()> work = [state, executor, job = std::move(job)] {
    try {
      state->result.emplace(job());
    } catch (...) { state->thrown = std::current_exception(); }
    asio::post(executor, [state] {
      state->done = true;
      if (state->timer) state->timer->cancel();
    });
  };
  if (!submit({deadline, std::move(work)})) co_return std::nullopt;
  co_await timer.async_wait(io::kAsTuple);
  if (!state->done) co_return std::nullopt;
  if (state->thrown) std::rethrow_exception(state->thrown);
  co_return std::move(state->result);
}

}  // namespace ms
