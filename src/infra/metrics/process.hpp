#pragma once
#include "infra/metrics/metrics.hpp"

namespace ms::metrics {

/// The kernel's figures of this process (proc(5)), under the names that Prometheus's own clients use.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(Shard& shard);
  /// Reads them again, in some 50 µs; call before a scrape.
  void read();
  struct Usage {
    double cpu_seconds = 0;
    double resident_bytes = 0;
  };
  /// Processor time and memory only: as fast for a process with many connections.
  Usage read_usage();

 private:
  Gauge& cpu_;
  Gauge& resident_;
  Gauge& virtual_;
  Gauge& descriptors_;
  Gauge& max_descriptors_;
  Gauge& threads_;
};

}  // namespace ms::metrics
