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
servers::Heartbeat heartbeat_between(const Moment& minute, const Moment& lately, const Moment& now);

/// Every two seconds a worker tells what it does (features/servers), and hears whether it is to rest. One per process,
/// on its first thread.
class HeartbeatSender {
 public:
  HeartbeatSender(Services& services, Telemetry& telemetry, config::Program program);

  /// Until stop(): a worker that leaves does not speak for its server any more.
  async<void> run();
  void stop() noexcept { stopped_ = true; }

 private:
  servers::Heartbeat heartbeat();
  /// Passes on what the last beat found out.
  void note();

  Services& services_;
  Telemetry& telemetry_;
  const config::Program program_;
  servers::HeartbeatStore store_;
  metrics::Gauge& writable_;
  metrics::Gauge& ahead_of_redis_;
  metrics::Gauge& ahead_of_database_;
  std::deque<Moment> moments_;  ///< the last minute, oldest first
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  bool stopped_ = false;
};

}  // namespace ms::program
