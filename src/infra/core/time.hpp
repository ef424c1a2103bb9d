#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace ms {

/// An instant in UTC. Seoul time (+09:00, no daylight saving since 1988) appears only in texts for people.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

inline Timestamp now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

/// A formatted time without allocation: a list of 20 rows has 60 of them, which cost 40 allocations as strings.
class TimeText {
 public:
  static constexpr std::size_t kMax = 32;
  operator std::string_view() const noexcept { return {text_.data(), size_}; }
  std::string str() const { return std::string(std::string_view(*this)); }
  char* data() noexcept { return text_.data(); }
  void end_at(const char* end) noexcept { size_ = static_cast<std::size_t>(end - text_.data()); }

 private:
  std::array<char, kMax> text_;
  std::size_t size_ = 0;
};
TimeText seoul_date_text(Timestamp at);
TimeText seoul_minute_text(Timestamp at);
TimeText rfc3339_text(Timestamp at);

/// "2026. 3. 2." in Seoul.
std::string seoul_date(Timestamp at);
/// "2026. 3. 2. 14:05" in Seoul.
std::string seoul_minute(Timestamp at);
/// Midnight in Seoul of the day that contains `at`.
Timestamp seoul_midnight(Timestamp at);
/// "2026-03-02T05:05:09Z" (RFC 3339, which covers the years 0 to 9999).
std::string rfc3339(Timestamp at);

}  // namespace ms
