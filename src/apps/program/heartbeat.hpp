#pragma once
#include <chrono>
#include <deque>
#include <functional>

#include "apps/program/app.hpp"
#include "apps/program/instruments.hpp"
#include "features/servers/servers.hpp"

namespace ms::program {

/// What was counted until some moment.
struct Moment {
  std::chrono::steady_clock::time_point at;
  Totals totals;
};

/// The figures of the time between `minute` (rates: `lately`) and `now`.
servers::Beat beat_between(const Moment& minute, const Moment& lately, const Moment& now);

/// Every two seconds a worker tells what it does (features/servers), and hears whether it is to rest. One per process,
/// on its first thread.
class Heartbeat {
 public:
  Heartbeat(Parts& parts, Telemetry& telemetry, config::Program program);

  /// Until stop(): a worker that leaves does not speak for its server any more.
  async<void> run();
  void stop() noexcept { stopped_ = true; }

 private:
  servers::Beat beat();
  /// Passes on what the last beat found out.
  void note();

  Parts& parts_;
  Telemetry& telemetry_;
  const config::Program program_;
  servers::Heart heart_;
  metrics::Gauge& writable_;
  metrics::Gauge& ahead_of_redis_;
  metrics::Gauge& ahead_of_database_;
  std::deque<Moment> moments_;  ///< the last minute, oldest first
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  bool stopped_ = false;
};

}  // namespace ms::program
