#pragma once
#include <memory>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms::io {

/// Coroutines wait for it, each until its own deadline. One thread. A waiting coroutine keeps the event alive, and one
/// that is destroyed takes itself off the list.
class AsyncEvent {
 public:
  AsyncEvent() = default;
  AsyncEvent(const AsyncEvent&) = delete;
  AsyncEvent& operator=(const AsyncEvent&) = delete;

  /// True when it was notified, false when the deadline passed first.
  static async<bool> wait(std::shared_ptr<AsyncEvent> event, Deadline deadline);
  void notify_all();
  /// Wakes the coroutine that has waited longest.
  void notify_one();

 private:
  struct Waiter;
  std::vector<Waiter*> waiters_;
};

}  // namespace ms::io
