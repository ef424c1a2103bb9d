#pragma once
#include <algorithm>
#include <chrono>
#include <string_view>

namespace ms {

using Deadline = std::chrono::steady_clock::time_point;

/// Where the time of one request went; written by pg and redis, shown in Server-Timing.
struct Timing {
  std::chrono::nanoseconds pg{0};
  std::chrono::nanoseconds redis{0};
  int pg_trips = 0;
  int redis_trips = 0;
};

/// Until when, and for which request; goes through every asynchronous call.
/// Belongs to the request's coroutine frame and outlives every call made under it.
class Call {
 public:
  Call(Deadline deadline, std::string_view request_id, Timing* timing = nullptr) noexcept
      : deadline_(deadline), request_id_(request_id), timing_(timing) {}

  Deadline deadline() const noexcept { return deadline_; }
  /// The earlier of the call's deadline and `at_most` from now.
  Deadline within(std::chrono::milliseconds at_most) const noexcept {
    return std::min(deadline_, std::chrono::steady_clock::now() + at_most);
  }
  std::string_view request_id() const noexcept { return request_id_; }
  /// Null where nobody asks.
  Timing* timing() const noexcept { return timing_; }

 private:
  Deadline deadline_;
  std::string_view request_id_;
  Timing* timing_;
};

}  // namespace ms
