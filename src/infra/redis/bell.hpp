#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms::redis {

/// Says to asio that the caller is an async<> coroutine.
inline constexpr asio::use_awaitable_t<asio::io_context::executor_type> kUseAsync{};

/// A timer on the concrete executor of async<>.
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

/// Coroutines wait for it, each until its own deadline. One thread. A waiting coroutine keeps the bell alive, and one
/// that is destroyed takes itself off the list.
class Bell {
 public:
  explicit Bell(asio::io_context& io) : io_(io) {}
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// True when it rang, false when the deadline passed first.
  static async<bool> wait(std::shared_ptr<Bell> bell, Deadline deadline);
  void ring_all();
  /// Wakes the one who has waited longest.
  void ring_one();

 private:
  struct Waiting;
  asio::io_context& io_;
  std::vector<Waiting*> waiting_;
};

}  // namespace ms::redis
