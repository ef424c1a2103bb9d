#pragma once
#include <boost/asio/signal_set.hpp>
#include <chrono>

#include "apps/monitor/report.hpp"
#include "infra/config/config.hpp"
#include "infra/http/server.hpp"
#include "infra/metrics/process.hpp"
#include "infra/process/notify.hpp"

namespace ms::monitor {

/// The whole program: one thread, no worker. No client depends on it, and a new process would lack the last minutes.
/// SIGHUP reads Nginx's file again; SIGTERM and SIGINT end it.
class Monitor {
 public:
  /// Throws std::runtime_error when the log's socket cannot be created or nginx_status is not an address.
  Monitor(const config::Settings& settings, int listen_fd);
  /// Runs until a signal ends it.
  void run();

 private:
  async<http::Response> answer(const http::Request& request);
  bool serving() const;
  async<http::Response> purge_saved_pages(PurgeScope scope);
  http::Response status(const http::Request& request) const;
  http::Response metrics(const http::Request& request);
  http::Response health() const;
  void take(std::string_view datagram);
  async<void> handle_signals();
  async<void> ping_watchdog(std::chrono::microseconds every);
  async<void> stop();

  asio::io_context io_{1};
  process::Notify notify_;
  Traffic traffic_{Clock::now()};
  LogSocket log_;
  Prober prober_;
  SavedPages saved_pages_;
  MonitorState state_{traffic_, prober_, log_, saved_pages_};
  metrics::Registry registry_;
  metrics::ProcessMetrics process_{registry_.shard()};
  http::Server server_;
};

}  // namespace ms::monitor
