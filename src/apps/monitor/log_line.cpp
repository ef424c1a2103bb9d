// A datagram is "<190>Nov 22 19:59:34 minschool: " (RFC 3164, as Nginx writes it with nohostname) and fields between
// bars: format, status, method, area, seconds, cache, addresses, statuses, seconds of each, request id. When Nginx
// tried several servers, the last three lists have one entry for each, separated by ", ", or by " : " when it started
// over in another location. An entry may be empty: a start that needed no server.
#include "infra/core/text.hpp"

#include "apps/monitor/log_line.hpp"

#include <algorithm>
#include <charconv>

namespace ms::monitor {
namespace {

constexpr std::string_view kTag = " minschool: ";
constexpr std::size_t kMaxHeadLength = 48;
constexpr std::string_view kFormat = "1";
constexpr std::size_t kMaxWordLength = 64;  // of a method or id

bool parse_number(std::string_view text, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && out >= 0;
}

/// "0.003" is 3 ms; "-" is none.
bool parse_seconds(std::string_view text, std::uint64_t& milliseconds) {
  constexpr std::size_t kDecimals = 3;
  constexpr std::uint64_t kThousand = 1000;
  milliseconds = 0;
  if (text == "-") return true;
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || text.size() != dot + 1 + kDecimals) return false;
  int whole = 0;
  int rest = 0;
  if (!parse_number(text.substr(0, dot), whole) || !parse_number(text.substr(dot + 1), rest)) return false;
  milliseconds = static_cast<std::uint64_t>(whole) * kThousand + static_cast<std::uint64_t>(rest);
  return true;
}

bool parse_status(std::string_view text, int& status) {
  constexpr int kMaxStatus = 999;
  status = 0;
  return text == "-" || (parse_number(text, status) && status <= kMaxStatus);
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWordLength && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

/// Removes and returns the first field of `rest`.
std::string_view take_field(std::string_view& rest) {
  const auto bar = rest.find('|');
  const auto field = rest.substr(0, bar);
  rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  return field;
}

/// Removes the first entry of a list; false when none is left.
bool take_entry(std::optional<std::string_view>& list, std::string_view& entry) {
  if (!list) return false;
  const auto comma = list->find(", ");
  const auto colon = list->find(" : ");
  const auto end = std::min(comma, colon);
  entry = list->substr(0, end);
  if (end == std::string_view::npos) {
    list.reset();
  } else {
    list = list->substr(end + (end == colon ? 3 : 2));
  }
  return true;
}

bool parse_attempts(LogLine& line, std::string_view addresses, std::string_view statuses, std::string_view times) {
  std::optional<std::string_view> address_list = addresses;
  std::optional<std::string_view> status_list = statuses;
  std::optional<std::string_view> time_list = times;
  std::string_view address;
  while (take_entry(address_list, address)) {
    std::string_view status;
    std::string_view time;
    if (!take_entry(status_list, status) || !take_entry(time_list, time)) return false;
    if (address.empty() || address == "-") continue;
    if (line.attempt_count == LogLine::kMaxAttempts) return false;
    Attempt& attempt = line.attempts[line.attempt_count++];
    attempt.address = address;
    if (!parse_status(status, attempt.status) || !parse_seconds(time, attempt.milliseconds)) return false;
  }
  return !status_list && !time_list;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view datagram) {
  const auto tag = datagram.substr(0, kMaxHeadLength).find(kTag);
  if (!datagram.starts_with('<') || tag == std::string_view::npos || has_control(datagram)) return std::nullopt;
  std::string_view rest = datagram.substr(tag + kTag.size());
  LogLine line;
  if (take_field(rest) != kFormat) return std::nullopt;
  if (!parse_status(take_field(rest), line.status)) return std::nullopt;
  line.method = take_field(rest);
  const auto area = std::ranges::find(kAreas, take_field(rest));
  line.area = area == kAreas.end() ? Area::other : static_cast<Area>(area - kAreas.begin());
  if (!parse_seconds(take_field(rest), line.milliseconds)) return std::nullopt;
  const auto cache = take_field(rest);
  const auto word = std::ranges::find(kCacheWords, cache == "-" ? kCacheWords.back() : cache);
  if (word == kCacheWords.end()) return std::nullopt;
  line.cache = static_cast<std::size_t>(word - kCacheWords.begin());
  const auto addresses = take_field(rest);
  const auto statuses = take_field(rest);
  const auto times = take_field(rest);
  line.request = take_field(rest);
  const bool method_known = line.method == "-" || is_word(line.method);  // "-": the request could not be parsed
  if (!method_known || !is_word(line.request) || !rest.empty()) return std::nullopt;
  if (!parse_attempts(line, addresses, statuses, times)) return std::nullopt;
  return line;
}

}  // namespace ms::monitor
