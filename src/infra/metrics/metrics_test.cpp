#include "infra/metrics/metrics.hpp"

#include <gmock/gmock.h>

#include <latch>
#include <string>
#include <thread>

#include "infra/metrics/process.hpp"
#include "infra/metrics/spread.hpp"
#include "infra/metrics/window.hpp"

namespace ms::metrics {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string text_of(Registry& registry) {
  Text out(Format::text);
  registry.write(out);
  return std::move(out).finish();
}

TEST(Text, EscapesLabelValues) {
  EXPECT_EQ(labels({{"path", "a\"b\\c\nd"}, {"b", ""}}), "path=\"a\\\"b\\\\c\\nd\",b=\"\"");
}

TEST(Text, NamesCountersByTheRulesOfEachFormat) {
  Text classic(Format::text);
  classic.family(Kind::counter, "ms_things", "Things\nso far.");
  classic.sample(labels({{"a", "b"}}), 3);
  EXPECT_EQ(std::move(classic).finish(),
            "# HELP ms_things_total Things\\nso far.\n# TYPE ms_things_total counter\nms_things_total{a=\"b\"} 3\n");
  Text open(Format::open_metrics);
  open.family(Kind::counter, "ms_things", "Things.");
  open.sample({}, 2.5);
  EXPECT_EQ(std::move(open).finish(),
            "# HELP ms_things Things.\n# TYPE ms_things counter\nms_things_total 2.5\n# EOF\n");
}

TEST(Text, WritesOpenMetricsOnRequest) {
  EXPECT_EQ(format_for("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"), Format::open_metrics);
  EXPECT_EQ(format_for("*/*"), Format::text);
  EXPECT_EQ(format_for(""), Format::text);
}

TEST(Text, WritesBucketsThatAddUp) {
  Text out(Format::text);
  out.family(Kind::histogram, "ms_seconds", "Time.");
  const std::array<double, 2> bounds{0.5, 1.0};
  const std::array<std::uint64_t, 3> counts{2, 3, 1};
  out.histogram("a=\"b\"", bounds, counts, 4.25);
  const std::string text = std::move(out).finish();
  EXPECT_THAT(text, HasSubstr("ms_seconds_bucket{a=\"b\",le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("ms_seconds_bucket{a=\"b\",le=\"1.0\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("ms_seconds_bucket{a=\"b\",le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("ms_seconds_count{a=\"b\"} 6\nms_seconds_sum{a=\"b\"} 4.25\n"));
}

TEST(Histogram, PutsATimeIntoTheBucketWhoseBoundItDoesNotExceed) {
  Histogram times;
  times.observe(500us);
  times.observe(501us);
  times.observe(1s);
  times.observe(1min);
  const auto counts = times.counts();
  EXPECT_EQ(counts[0], 1U);
  EXPECT_EQ(counts[1], 1U);
  EXPECT_EQ(counts[10], 1U);
  EXPECT_EQ(counts.back(), 1U);
  EXPECT_NEAR(times.sum_seconds(), 61.001001, 1e-9);
}

TEST(Registry, AddsUpTheThreads) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shard = registry.shard()] {
      Counter& requests = shard.counter("ms_requests", "Requests.", labels({{"route", "/"}}));
      for (int n = 0; n < 10000; ++n) requests.add();
      shard.gauge("ms_open", "Open.").set(2);
      shard.histogram("ms_seconds", "Time.").observe(1ms);
    });
  }
  while (!text_of(registry).contains("ms_requests_total{route=\"/\"}")) std::this_thread::yield();
  for (auto& thread : threads) thread.join();
  const std::string text = text_of(registry);
  EXPECT_THAT(text, HasSubstr("ms_requests_total{route=\"/\"} 40000\n"));
  EXPECT_THAT(text, HasSubstr("ms_open 8\n"));
  EXPECT_THAT(text, HasSubstr("ms_seconds_count 4\n"));
}

TEST(Registry, GivesTheSameCellForTheSameName) {
  Registry registry;
  Shard& shard = registry.shard();
  EXPECT_EQ(&shard.counter("ms_a", "A."), &shard.counter("ms_a", "A."));
  EXPECT_NE(&shard.counter("ms_a", "A."), &shard.counter("ms_a", "A.", "b=\"c\""));
}

TEST(ProcessMetrics, DescribeThisProcess) {
  Registry registry;
  ProcessMetrics process(registry.shard());
  process.read();
  const std::string text = text_of(registry);
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter\n"));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

TEST(ProcessMetrics, CountThreads) {
  Registry registry;
  ProcessMetrics process(registry.shard());
  const auto threads = [&] {
    process.read();
    const std::string text = text_of(registry);
    const std::string name = "\nprocess_threads ";
    return std::stoi(text.substr(text.find(name) + name.size()));
  };
  const int before = threads();  // not 1 under ThreadSanitizer, which has a thread of its own
  std::latch done(1);
  const std::jthread another([&] { done.wait(); });
  EXPECT_EQ(threads(), before + 1);
  done.count_down();
}

TEST(Spread, IsExactForSmallValues) {
  Spread spread;
  for (std::uint64_t value = 1; value <= 20; ++value) spread.add(value);
  EXPECT_EQ(spread.count(), 20U);
  EXPECT_EQ(spread.at(0.5), 10U);
  EXPECT_EQ(spread.at(0.95), 19U);
  EXPECT_EQ(spread.at(1), 20U);
  EXPECT_EQ(spread.at(0), 1U);
}

TEST(Spread, IsWithinASixteenthForLargeOnes) {
  for (std::uint64_t value = 1; value < 1'000'000; value = value * 9 / 8 + 1) {
    Spread spread;
    spread.add(value);
    EXPECT_GE(spread.at(0.5), value);
    EXPECT_LE(spread.at(0.5), value + value / 16);
  }
}

TEST(Spread, TakesAnyValue) {
  Spread spread;
  spread.add(~std::uint64_t{0});
  spread.add(0);
  EXPECT_EQ(spread.at(0.5), 0U);
  EXPECT_EQ(spread.at(0.99), (1U << 20U) - 1);
  EXPECT_EQ(Spread().at(0.99), 0U);
}

TEST(Readings, AddUpTheShards) {
  Registry registry;
  for (int i = 1; i <= 2; ++i) {
    Shard& shard = registry.shard();
    shard.counter("asked", "", "a=\"1\"").add(2);
    shard.gauge("open", "").set(i);
    shard.histogram("took_seconds", "").observe(3ms);
  }
  const auto all = registry.read();
  EXPECT_EQ(all.find("asked")->second.series.find("a=\"1\"")->second.value, 4);
  EXPECT_EQ(all.find("open")->second.series.find("")->second.value, 3);
  const auto& counts = all.find("took_seconds")->second.series.find("")->second.counts;
  EXPECT_EQ(counts[3], 2U) << "of 2 to 5 ms";
}

TEST(Quantile, IsInterpolatedWithinItsBucket) {
  Histogram::Counts counts{};
  EXPECT_EQ(quantile(counts, 0.5), 0);
  counts[0] = 1;  // to 0.5 ms
  counts[3] = 3;  // 2 to 5 ms
  EXPECT_DOUBLE_EQ(quantile(counts, 0.25), 0.0005);
  EXPECT_DOUBLE_EQ(quantile(counts, 0.5), 0.003);
  EXPECT_DOUBLE_EQ(quantile(counts, 1), 0.005);
  counts.back() = 100;
  EXPECT_DOUBLE_EQ(quantile(counts, 0.99), 10) << "values above every bound count as the last bound";
}

TEST(Window, DropsOldSlices) {
  const Window<Spread>::Clock::time_point start{std::chrono::hours(5)};
  Window<Spread> minute(60s, 12);
  minute.at(start).add(1);
  minute.at(start + 30s).add(2);
  EXPECT_EQ(minute.sum(start + 31s).count(), 2U);
  EXPECT_EQ(minute.sum(start + 61s).count(), 1U);
  EXPECT_EQ(minute.sum(start + 91s).count(), 0U);
  minute.at(start + 120s).add(3);
  EXPECT_EQ(minute.sum(start + 120s).count(), 1U);
}

}  // namespace
}  // namespace ms::metrics
