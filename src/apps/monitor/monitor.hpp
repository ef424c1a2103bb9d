#pragma once
#include <boost/asio/signal_set.hpp>
#include <chrono>

#include "apps/monitor/report.hpp"
#include "infra/config/config.hpp"
#include "infra/http/server.hpp"
#include "infra/metrics/process.hpp"
#include "infra/process/notify.hpp"

namespace ms::monitor {

/// The whole program: one thread, no worker. Nobody waits for it, and a new process would begin without the last
/// minutes. SIGHUP reads Nginx's file again; SIGTERM and SIGINT end it.
class Monitor {
 public:
  /// Throws std::runtime_error when the socket of the log cannot be made or nginx_status is no address.
  Monitor(const config::Settings& settings, int listen_fd);
  /// Until a signal ends it.
  void run();

 private:
  async<http::Response> answer(const http::Request& request);
  bool serving() const;
  http::Response forget_saved_pages();
  http::Response status(const http::Request& request) const;
  http::Response metrics(const http::Request& request);
  http::Response health() const;
  void take(std::string_view datagram);
  async<void> listen_to_signals();
  async<void> stay_alive(std::chrono::microseconds every);
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
