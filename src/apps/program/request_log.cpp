#include "apps/program/request_log.hpp"

#include <fmt/chrono.h>
#include <fmt/compile.h>
#include <unistd.h>

#include <chrono>

namespace ms::program {
namespace {

constexpr std::size_t kFull = 16 * 1024;

/// Milliseconds with one decimal; cheaper than a floating number.
struct Tenths {
  explicit Tenths(std::chrono::nanoseconds time) : count(time / std::chrono::microseconds(100)) {}
  std::int64_t whole() const { return count / 10; }
  std::int64_t rest() const { return count % 10; }
  std::int64_t count;
};

/// Nginx's ids are digits; others are whatever a client sent, without control characters.
void append_quoted(fmt::memory_buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

void RequestLog::add(const web::Answered& answered, std::string_view pattern) {
  stamp();
  append_quoted(lines_, answered.id);
  const Tenths all(answered.time);
  const Tenths pg(answered.timing.pg);
  const Tenths redis(answered.timing.redis);
  fmt::format_to(std::back_inserter(lines_),
                 FMT_COMPILE(" method={} route={} status={} ms={}.{} pg={} pg_ms={}.{} redis={} redis_ms={}.{}\n"),
                 answered.request.method_name, pattern, answered.status, all.whole(), all.rest(),
                 answered.timing.pg_trips, pg.whole(), pg.rest(), answered.timing.redis_trips, redis.whole(),
                 redis.rest());
  if (lines_.size() >= kFull) flush();
}

void RequestLog::stamp() {
  using std::chrono::milliseconds;
  constexpr std::int64_t kThousand = 1000;
  const auto now = std::chrono::system_clock::now().time_since_epoch() / milliseconds(1);
  if (const std::time_t second = now / kThousand; second != second_) {
    second_ = second;
    const std::tm local = fmt::localtime(second);
    date_ = fmt::format("{:%Y-%m-%dT%H:%M:%S}", local);
    zone_ = fmt::format("{:%z}", local);
    zone_.insert(zone_.size() - 2, ":");
  }
  fmt::format_to(std::back_inserter(lines_), FMT_COMPILE("{}.{:03}{} info request="), date_, now % kThousand, zone_);
}

void RequestLog::flush() noexcept {
  // Where nobody takes them they are lost, as spdlog's are.
  if (lines_.size() > 0) static_cast<void>(::write(STDERR_FILENO, lines_.data(), lines_.size()) > 0);
  lines_.clear();
}

}  // namespace ms::program
