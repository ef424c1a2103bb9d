#include "infra/metrics/metrics.hpp"

#include <algorithm>

namespace ms::metrics {
namespace {

constexpr double kNanoseconds = 1e9;

/// Exact: each bound is a whole number of microseconds.
constexpr auto kBounds = [] {
  constexpr double kMicroseconds = 1e6;
  constexpr std::int64_t kNanosecondsOfEach = 1000;
  constexpr double kRounding = 0.1;  // 0.05 * 1e6 may be a hair below 50000
  std::array<std::int64_t, kSecondsBounds.size()> out{};
  std::ranges::transform(kSecondsBounds, out.begin(), [](double seconds) {
    return static_cast<std::int64_t>(seconds * kMicroseconds + kRounding) * kNanosecondsOfEach;
  });
  return out;
}();

/// The sum of one series over all shards.
struct Sum {
  double value = 0;
  Histogram::Counts counts{};

  void operator()(const Counter& cell) { value += static_cast<double>(cell.value()); }
  void operator()(const Gauge& cell) { value += cell.value(); }
  void operator()(const Histogram& cell) {
    const auto more = cell.counts();
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += more[i];
    value += cell.sum_seconds();
  }
};

struct Sums {
  Kind kind{};
  std::string help;
  std::map<std::string, Sum> series;
};

}  // namespace

void Histogram::observe(std::chrono::nanoseconds time) noexcept {
  const auto place = std::ranges::lower_bound(kBounds, time.count()) - kBounds.begin();
  buckets_[static_cast<std::size_t>(place)].add();
  sum_ns_.store(sum_ns_.load(std::memory_order_relaxed) + time.count(), std::memory_order_relaxed);
}

Histogram::Counts Histogram::counts() const noexcept {
  Counts out{};
  std::ranges::transform(buckets_, out.begin(), &Counter::value);
  return out;
}

double Histogram::sum_seconds() const noexcept {
  return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / kNanoseconds;
}

template <class Type>
Type& Shard::cell(Kind kind, std::string_view name, std::string_view help, std::string_view of) {
  const std::scoped_lock lock(mutex_);
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
  }
  auto& series = family->second.series;
  if (const auto known = series.find(of); known != series.end()) return std::get<Type>(*known->second);
  Cell& made = cells_.emplace_back(std::in_place_type<Type>);
  series.emplace(of, &made);
  return std::get<Type>(made);
}

Counter& Shard::counter(std::string_view name, std::string_view help, std::string_view of) {
  return cell<Counter>(Kind::counter, name, help, of);
}

Gauge& Shard::gauge(std::string_view name, std::string_view help, std::string_view of) {
  return cell<Gauge>(Kind::gauge, name, help, of);
}

Gauge& Shard::total(std::string_view name, std::string_view help, std::string_view of) {
  return cell<Gauge>(Kind::counter, name, help, of);
}

Histogram& Shard::histogram(std::string_view name, std::string_view help, std::string_view of) {
  return cell<Histogram>(Kind::histogram, name, help, of);
}

Shard& Registry::shard() {
  const std::scoped_lock lock(mutex_);
  return shards_.emplace_back();
}

void Registry::write(Text& out) {
  std::map<std::string, Sums> all;
  {
    const std::scoped_lock lock(mutex_);
    for (Shard& shard : shards_) {
      const std::scoped_lock locked(shard.mutex_);
      for (const auto& [name, family] : shard.families_) {
        Sums& sums = all[name];
        sums.kind = family.kind;
        sums.help = family.help;
        for (const auto& [of, cell] : family.series) std::visit(sums.series[of], *cell);
      }
    }
  }
  for (const auto& [name, sums] : all) {
    out.family(sums.kind, name, sums.help);
    for (const auto& [of, sum] : sums.series) {
      if (sums.kind == Kind::histogram) {
        out.histogram(of, kSecondsBounds, sum.counts, sum.value);
      } else {
        out.sample(of, sum.value);
      }
    }
  }
}

}  // namespace ms::metrics
