#include "infra/core/time.hpp"

#include <charconv>

#include "infra/core/message.hpp"

namespace ms {
namespace {

using namespace std::chrono;

constexpr auto kSeoul = hours(9);

struct Civil {
  year_month_day date;
  hh_mm_ss<seconds> time;
};

Civil civil(Timestamp at, hours offset) {
  const auto local = floor<seconds>(at + offset);
  const auto day = floor<days>(local);
  return {year_month_day(day), hh_mm_ss<seconds>(local - day)};
}

// By hand: a list of 20 rows writes 60 times, and a format string costs more than the rest of the row.
class Words {
 public:
  Words& put(std::string_view text) {
    out_ += text;
    return *this;
  }
  /// At least `width` digits.
  template <std::integral T>
  Words& put(T value, std::size_t width = 1) {
    char digits[20];
    const std::size_t size =
        static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits);
    if (size < width) out_.append(width - size, '0');
    out_.append(digits, size);
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

int year_of(const Civil& c) { return static_cast<int>(c.date.year()); }
unsigned month_of(const Civil& c) { return static_cast<unsigned>(c.date.month()); }
unsigned day_of(const Civil& c) { return static_cast<unsigned>(c.date.day()); }

Words seoul_day(const Civil& c) {
  Words out;
  out.put(year_of(c)).put(". ").put(month_of(c)).put(". ").put(day_of(c)).put(".");
  return out;
}

}  // namespace

std::string seoul_date(Timestamp at) { return seoul_day(civil(at, kSeoul)).take(); }

std::string seoul_minute(Timestamp at) {
  const Civil c = civil(at, kSeoul);
  return seoul_day(c).put(" ").put(c.time.hours().count(), 2).put(":").put(c.time.minutes().count(), 2).take();
}

std::string seoul_short(Timestamp at, Timestamp now) {
  const auto age = now - at;
  if (age < minutes(1)) return tr("time.now"_msg);
  if (age < hours(1)) return tr("time.minutes_ago"_msg, {{"n", std::to_string(duration_cast<minutes>(age).count())}});
  if (age < hours(24)) return tr("time.hours_ago"_msg, {{"n", std::to_string(duration_cast<hours>(age).count())}});
  return seoul_date(at);
}

Timestamp seoul_midnight(Timestamp at) { return floor<days>(at + kSeoul) - kSeoul; }

std::string rfc3339(Timestamp at) {
  const Civil c = civil(at, hours(0));
  Words out;
  out.put(year_of(c), 4).put("-").put(month_of(c), 2).put("-").put(day_of(c), 2);
  out.put("T").put(c.time.hours().count(), 2).put(":").put(c.time.minutes().count(), 2);
  return out.put(":").put(c.time.seconds().count(), 2).put("Z").take();
}

}  // namespace ms
