#pragma once
#include <chrono>

namespace ms::cache {

/// For tests: a clock that stands still until it is moved.
struct ManualClock {
  using duration = std::chrono::steady_clock::duration;               // NOLINT: the standard's names
  using time_point = std::chrono::time_point<ManualClock, duration>;  // NOLINT
  static time_point now() noexcept { return time_point(elapsed); }
  static inline duration elapsed{0};  // NOLINT(readability-identifier-naming): tests set it
};

}  // namespace ms::cache
