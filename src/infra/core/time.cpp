#include "infra/core/time.hpp"

#include <fmt/format.h>

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

int year_of(const Civil& c) { return static_cast<int>(c.date.year()); }
unsigned month_of(const Civil& c) { return static_cast<unsigned>(c.date.month()); }
unsigned day_of(const Civil& c) { return static_cast<unsigned>(c.date.day()); }

}  // namespace

std::string seoul_date(Timestamp at) {
  const Civil c = civil(at, kSeoul);
  return fmt::format("{}. {}. {}.", year_of(c), month_of(c), day_of(c));
}

std::string seoul_minute(Timestamp at) {
  const Civil c = civil(at, kSeoul);
  return fmt::format("{}. {}. {}. {:02}:{:02}", year_of(c), month_of(c), day_of(c), c.time.hours().count(),
                     c.time.minutes().count());
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
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", year_of(c), month_of(c), day_of(c), c.time.hours().count(),
                     c.time.minutes().count(), c.time.seconds().count());
}

}  // namespace ms
