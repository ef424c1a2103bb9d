// The cost of counting and logging a request, by itself: prints {"metrics":…,"both":…} in nanoseconds of CPU. The
// log goes to standard error, as in the programs; script/bench sends it to a file.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "apps/program/instruments.hpp"
#include "infra/storage/local_folder.hpp"

namespace {

using namespace ms;

constexpr int kRounds = 20;
constexpr int kRequests = 5'000;

double cpu_ns() {
  constexpr double kBillion = 1e9;
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * kBillion + static_cast<double>(now.tv_nsec);
}

/// The figure of the least disturbed round.
double cost(bool log) {
  CpuPool hashing(1, 1);
  storage::LocalFolder folder("/nonexistent");
  storage::AsyncStore store(folder, hashing);
  const program::Shared shared{hashing, store};
  program::Telemetry telemetry("bench", "app1", shared);
  web::Router router;
  for (const auto* pattern : {"/", "/boards/{slug}", "/boards/{slug}/{number}"}) router.get(pattern, nullptr);
  config::Settings settings;
  settings.log.requests = log;
  program::Instruments instruments(telemetry, 0, router, settings);
  http::Request request;
  request.method_name = "GET";
  const Timing timing{
      .pg = std::chrono::microseconds(800), .redis = std::chrono::microseconds(100), .pg_trips = 1, .redis_trips = 1};
  double least = 1e12;
  for (int round = 0; round < kRounds; ++round) {
    const double begun = cpu_ns();
    for (int i = 0; i < kRequests; ++i) {
      instruments.record({request, static_cast<std::size_t>(i % 3), 200, std::chrono::microseconds(1'000 + i % 4'000),
                          timing, "0123456789abcdef0123456789abcdef"});
    }
    least = std::min(least, (cpu_ns() - begun) / kRequests);
  }
  return least;
}

}  // namespace

int main() { fmt::print("{{\"metrics\":{:.0f},\"both\":{:.0f}}}\n", cost(false), cost(true)); }
