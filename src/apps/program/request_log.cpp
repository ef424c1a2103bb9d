#include "apps/program/request_log.hpp"

#include <fmt/chrono.h>
#include <fmt/compile.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace ms::program {
namespace {

/// Milliseconds with one decimal; cheaper to format than a floating-point number.
struct Tenths {
  explicit Tenths(std::chrono::nanoseconds time) : count(time / std::chrono::microseconds(100)) {}
  std::int64_t whole() const { return count / 10; }
  std::int64_t rest() const { return count % 10; }
  std::int64_t count;
};

void put(fmt::memory_buffer& out, std::string_view text) { out.append(text); }
void put(fmt::memory_buffer& out, std::int64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.data() + digits.size());
}
void put(fmt::memory_buffer& out, Tenths time) {
  put(out, time.whole());
  out.push_back('.');
  out.push_back(static_cast<char>('0' + time.rest()));
}

/// Nginx's ids are digits. An id from another client may hold anything but control characters.
void put_quoted(fmt::memory_buffer& out, std::string_view text) {
  out.push_back('"');
  if (text.find_first_of("\"\\") == std::string_view::npos) {
    put(out, text);
  } else {
    for (const char c : text) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

void RequestLog::add(const web::CompletedRequest& completed, std::string_view pattern) {
  const std::size_t before = lines_.size();
  begin_line();
  put_quoted(lines_, completed.id);
  const auto field = [this](std::string_view name, auto value) {
    put(lines_, name);
    put(lines_, value);
  };
  field(" method=", completed.request.method_name);
  field(" route=", pattern);
  field(" status=", std::int64_t{completed.status});
  field(" ms=", Tenths(completed.time));
  field(" pg=", std::int64_t{completed.timing.pg_trips});
  field(" pg_ms=", Tenths(completed.timing.pg));
  field(" redis=", std::int64_t{completed.timing.redis_trips});
  field(" redis_ms=", Tenths(completed.timing.redis));
  lines_.push_back('\n');
  if (lines_.size() > PIPE_BUF) write(before);
}

void RequestLog::begin_line() {
  using std::chrono::milliseconds;
  constexpr std::int64_t kThousand = 1000;
  if (journal_) return lines_.append(std::string_view("<6>request="));
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

void RequestLog::flush() noexcept { write(lines_.size()); }

/// Writes the first `size` bytes. When standard error takes nothing they are lost, as spdlog's lines are.
void RequestLog::write(std::size_t size) noexcept {
  if (size == 0) return;
  static_cast<void>(::write(STDERR_FILENO, lines_.data(), size) > 0);
  std::copy(lines_.begin() + size, lines_.end(), lines_.begin());
  lines_.resize(lines_.size() - size);
}

}  // namespace ms::program
