#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "apps/monitor/log_line.hpp"
#include "infra/metrics/metrics.hpp"
#include "infra/metrics/spread.hpp"
#include "infra/metrics/window.hpp"

namespace ms::monitor {

using Clock = std::chrono::steady_clock;

/// Classes of status; the first one: none, because the client did not wait for the response.
inline constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

/// One response: of Nginx to a client, or of a server to Nginx.
struct Event {
  int status = 0;
  std::uint64_t milliseconds = 0;
  bool timed = true;        ///< false for streams, which last as long as their client stays
  bool unanswered = false;  ///< the server did not answer, or too late
  std::size_t cache = kCacheWords.size() - 1;
};

/// The counts of a period.
struct Tally {
  std::uint64_t count = 0;
  std::uint64_t unanswered = 0;
  std::array<std::uint64_t, kClasses.size()> classes{};
  std::array<std::uint64_t, kCacheWords.size()> caches{};
  metrics::Spread milliseconds;

  void add(const Event& event) noexcept;
  void merge(const Tally& other) noexcept;
};

/// The last minute, the last five, and everything since the monitor started.
class Counts {
 public:
  void add(const Event& event, Clock::time_point now);

  Tally minute(Clock::time_point now) const { return minute_.sum(now); }
  Tally five_minutes(Clock::time_point now) const { return five_.sum(now); }
  const Tally& all() const noexcept { return all_; }
  const metrics::Histogram& seconds() const noexcept { return seconds_; }
  Clock::time_point last() const noexcept { return last_; }

  static constexpr std::chrono::seconds kMinute{60};
  static constexpr std::chrono::seconds kFive{300};

 private:
  metrics::Window<Tally> minute_{kMinute, 12};
  metrics::Window<Tally> five_{kFive, 10};
  Tally all_;
  metrics::Histogram seconds_;
  Clock::time_point last_{};
};

}  // namespace ms::monitor
