#include "infra/metrics/metrics.hpp"

#include <algorithm>
#include <numeric>

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

/// Adds a cell of any kind.
struct Add {
  Reading& to;

  void operator()(const Counter& cell) const { to.value += static_cast<double>(cell.value()); }
  void operator()(const Gauge& cell) const { to.value += cell.value(); }
  void operator()(const Histogram& cell) const {
    const auto more = cell.counts();
    for (std::size_t i = 0; i < to.counts.size(); ++i) to.counts[i] += more[i];
    to.value += cell.sum_seconds();
  }
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
  if (const auto found = series.find(of); found != series.end()) return std::get<Type>(*found->second);
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

std::map<std::string, Readings, std::less<>> Registry::read() {
  std::map<std::string, Readings, std::less<>> all;
  const std::scoped_lock lock(mutex_);
  for (Shard& shard : shards_) {
    const std::scoped_lock locked(shard.mutex_);
    for (const auto& [name, family] : shard.families_) {
      Readings& readings = all[name];
      readings.kind = family.kind;
      readings.help = family.help;
      for (const auto& [of, cell] : family.series) std::visit(Add{readings.series[of]}, *cell);
    }
  }
  return all;
}

void Registry::write(Text& out) {
  for (const auto& [name, readings] : read()) {
    out.family(readings.kind, name, readings.help);
    for (const auto& [of, reading] : readings.series) {
      if (readings.kind == Kind::histogram) {
        out.histogram(of, kSecondsBounds, reading.counts, reading.value);
      } else {
        out.sample(of, reading.value);
      }
    }
  }
}

double quantile(const Histogram::Counts& counts, double share) noexcept {
  const auto all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  const double rank = share * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i < kSecondsBounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= rank) {
      const double from = i == 0 ? 0 : kSecondsBounds[i - 1];
      return from + (kSecondsBounds[i] - from) * (rank - below) / here;
    }
    below += here;
  }
  return all == 0 ? 0 : kSecondsBounds.back();
}

}  // namespace ms::metrics
