#include "infra/core/time.hpp"

#include <array>
#include <charconv>

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

// By hand: a list of 20 rows writes 60 times, and a format string costs more than the rest of the row.

/// The last two digits.
void put_pair(char* at, int value) {
  at[0] = static_cast<char>('0' + value / 10 % 10);
  at[1] = static_cast<char>('0' + value % 10);
}

constexpr std::size_t kLongest = 32;

/// "2026. 3. 2."; gives its end.
char* put_day(char* at, const Civil& c) {
  for (const int part : {c.year, c.month, c.day}) {
    at = std::to_chars(at, at + kLongest / 4, part).ptr;
    *at++ = '.';
    *at++ = ' ';
  }
  return at - 1;
}

}  // namespace

std::string seoul_date(Timestamp at) {
  std::array<char, kLongest> text;
  return {text.data(), put_day(text.data(), civil(at, kSeoul))};
}

std::string seoul_minute(Timestamp at) {
  const Civil c = civil(at, kSeoul);
  std::array<char, kLongest> text;
  char* end = put_day(text.data(), c);
  *end++ = ' ';
  put_pair(end, c.hour);
  end[2] = ':';
  put_pair(end + 3, c.minute);
  return {text.data(), end + 5};
}

Timestamp seoul_midnight(Timestamp at) { return floor<days>(at + kSeoul) - kSeoul; }

std::string rfc3339(Timestamp at) {
  const Civil c = civil(at, hours(0));
  std::string text = "0000-00-00T00:00:00Z";
  char* const out = text.data();
  put_pair(out, c.year / 100);
  put_pair(out + 2, c.year);
  put_pair(out + 5, c.month);
  put_pair(out + 8, c.day);
  put_pair(out + 11, c.hour);
  put_pair(out + 14, c.minute);
  put_pair(out + 17, c.second);
  return text;
}

}  // namespace ms
