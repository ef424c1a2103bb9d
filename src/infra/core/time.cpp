#include "infra/core/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace ms {
namespace {

using namespace std::chrono;

constexpr auto kSeoul = hours(9);

struct Civil {
  int year, month, day, hour, minute, second;
};

Civil civil(Timestamp at, hours offset) {
  const auto local = floor<seconds>(at + offset);
  const auto day = floor<days>(local);
  const year_month_day date(day);
  const auto second = static_cast<int>((local - day).count());
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          second / 3600,
          second / 60 % 60,
          second % 60};
}

// By hand, and one string at the end: a list of 20 rows writes 60 times, and a format string costs more than the rest
// of the row.
class Words {
 public:
  Words& put(std::string_view text) {
    std::ranges::copy(text, end());
    size_ += text.size();
    return *this;
  }
  Words& put(int value) {
    size_ = static_cast<std::size_t>(std::to_chars(end(), bytes_.data() + bytes_.size(), value).ptr - bytes_.data());
    return *this;
  }
  /// The last two digits.
  Words& pair(int value) {
    bytes_[size_++] = static_cast<char>('0' + value / 10 % 10);
    bytes_[size_++] = static_cast<char>('0' + value % 10);
    return *this;
  }
  std::string text() const { return {bytes_.data(), size_}; }

 private:
  char* end() { return bytes_.data() + size_; }

  std::array<char, 32> bytes_;
  std::size_t size_ = 0;
};

Words seoul_day(const Civil& c) {
  Words out;
  return out.put(c.year).put(". ").put(c.month).put(". ").put(c.day).put(".");
}

}  // namespace

std::string seoul_date(Timestamp at) { return seoul_day(civil(at, kSeoul)).text(); }

std::string seoul_minute(Timestamp at) {
  const Civil c = civil(at, kSeoul);
  return seoul_day(c).put(" ").pair(c.hour).put(":").pair(c.minute).text();
}

Timestamp seoul_midnight(Timestamp at) { return floor<days>(at + kSeoul) - kSeoul; }

std::string rfc3339(Timestamp at) {
  const Civil c = civil(at, hours(0));
  Words out;
  out.pair(c.year / 100).pair(c.year).put("-").pair(c.month).put("-").pair(c.day).put("T");
  return out.pair(c.hour).put(":").pair(c.minute).put(":").pair(c.second).put("Z").text();
}

}  // namespace ms
