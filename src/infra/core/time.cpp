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

// Formatted by hand: a list of 20 rows has 60 times, and a format string costs more than the rest of a row.

/// Writes the last two digits.
void put_pair(char* at, int value) {
  at[0] = static_cast<char>('0' + value / 10 % 10);
  at[1] = static_cast<char>('0' + value % 10);
}

/// Writes "2026. 3. 2." and returns its end.
char* put_day(char* at, const Civil& c) {
  for (const int part : {c.year, c.month, c.day}) {
    at = std::to_chars(at, at + TimeText::kMax / 4, part).ptr;
    *at++ = '.';
    *at++ = ' ';
  }
  return at - 1;
}

}  // namespace

TimeText seoul_date_text(Timestamp at) {
  TimeText out;
  out.end_at(put_day(out.data(), civil(at, kSeoul)));
  return out;
}

TimeText seoul_minute_text(Timestamp at) {
  const Civil c = civil(at, kSeoul);
  TimeText out;
  char* end = put_day(out.data(), c);
  *end++ = ' ';
  put_pair(end, c.hour);
  end[2] = ':';
  put_pair(end + 3, c.minute);
  out.end_at(end + 5);
  return out;
}

Timestamp seoul_midnight(Timestamp at) { return floor<days>(at + kSeoul) - kSeoul; }

TimeText rfc3339_text(Timestamp at) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  const Civil c = civil(at, hours(0));
  TimeText text;
  char* const out = text.data();
  kShape.copy(out, kShape.size());
  put_pair(out, c.year / 100);
  put_pair(out + 2, c.year);
  put_pair(out + 5, c.month);
  put_pair(out + 8, c.day);
  put_pair(out + 11, c.hour);
  put_pair(out + 14, c.minute);
  put_pair(out + 17, c.second);
  text.end_at(out + kShape.size());
  return text;
}

std::string seoul_date(Timestamp at) { return seoul_date_text(at).str(); }
std::string seoul_minute(Timestamp at) { return seoul_minute_text(at).str(); }
std::string rfc3339(Timestamp at) { return rfc3339_text(at).str(); }

}  // namespace ms
