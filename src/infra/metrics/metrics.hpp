#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "infra/metrics/text.hpp"

// A program's metrics. Each thread has a Shard, whose cells only that thread writes: a plain load and store, because no
// other thread writes in between. A scrape reads the cells of all shards from any thread and sums those with the same
// name and labels. The mutexes are for making cells and for scrapes; counting takes none.
namespace ms::metrics {

/// Counts up.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A value that goes up and down.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Upper bounds of a Histogram's buckets in seconds. Pages take 0.3 to 5 ms; no request should take more than 3 s.
inline constexpr std::array kSecondsBounds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                           0.1,    0.2,   0.5,   1.0,   2.0,  3.0,  10.0};

/// A distribution of durations.
class Histogram {
 public:
  using Counts = std::array<std::uint64_t, kSecondsBounds.size() + 1>;  ///< the last: above every bound

  void observe(std::chrono::nanoseconds time) noexcept;
  Counts counts() const noexcept;
  double sum_seconds() const noexcept;

 private:
  std::array<Counter, kSecondsBounds.size() + 1> buckets_;
  std::atomic<std::int64_t> sum_ns_{0};
};

/// The cells of one thread. A cell lives as long as its Registry; asking for the same name and labels gives the same
/// one. Names are without "_total"; `of` are labels() or empty.
class Shard {
 public:
  Counter& counter(std::string_view name, std::string_view help, std::string_view of = {});
  Gauge& gauge(std::string_view name, std::string_view help, std::string_view of = {});
  /// A counter that is set to a total counted elsewhere.
  Gauge& total(std::string_view name, std::string_view help, std::string_view of = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::string_view of = {});

 private:
  friend class Registry;
  using Cell = std::variant<Counter, Gauge, Histogram>;
  struct Family {
    Kind kind;
    std::string help;
    std::map<std::string, Cell*, std::less<>> series;  ///< by labels
  };
  using Families = std::map<std::string, Family, std::less<>>;

  template <class Type>
  Type& cell(Kind kind, std::string_view name, std::string_view help, std::string_view of);

  std::mutex mutex_;
  Families families_;
  std::deque<Cell> cells_;
};

/// One series, summed over all shards.
struct Reading {
  double value = 0;            ///< of a counter or gauge; the sum of a histogram in seconds
  Histogram::Counts counts{};  ///< of a histogram
};

struct Readings {
  Kind kind{};
  std::string help;
  std::map<std::string, Reading, std::less<>> series;  ///< by labels
};

/// The quantile in seconds that `share` (0 to 1) of the values do not exceed; interpolated within a bucket, as
/// Prometheus's histogram_quantile does. 0 when nothing was counted.
double quantile(const Histogram::Counts& counts, double share) noexcept;

/// All shards of a process.
class Registry {
 public:
  /// One for each thread that counts; lives as long as the registry.
  Shard& shard();
  /// The values of all shards together, by name; from any thread.
  std::map<std::string, Readings, std::less<>> read();
  /// The values of all shards together; from any thread.
  void write(Text& out);

 private:
  std::mutex mutex_;
  std::deque<Shard> shards_;
};

}  // namespace ms::metrics
