#pragma once
#include <string>

#include "apps/monitor/log_socket.hpp"
#include "apps/monitor/prober.hpp"
#include "apps/monitor/saved_pages.hpp"
#include "apps/monitor/traffic.hpp"
#include "infra/metrics/text.hpp"

namespace ms::monitor {

/// The sources of all reports; they live as long as the monitor.
struct MonitorState {
  const Traffic& traffic;
  const Prober& prober;
  const LogSocket& log;
  const SavedPages& saved_pages;
  std::uint64_t lines = 0;      ///< lines of Nginx's log that were parsed
  std::uint64_t malformed = 0;  ///< datagrams that were not such lines
};

/// /upstream_status for programs.
std::string status_json(const MonitorState& state, Clock::time_point now);
/// /upstream_status for a terminal of 80 columns.
std::string status_table(const MonitorState& state, Clock::time_point now);
/// /metrics, without the metrics of the process.
void write_metrics(const MonitorState& state, metrics::Text& out);

}  // namespace ms::monitor
