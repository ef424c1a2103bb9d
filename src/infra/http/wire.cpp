#include "infra/http/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "infra/core/message.hpp"
#include "infra/core/text.hpp"

namespace ms::http {
namespace {

// Browsers behind Nginx send about 25 fields.
constexpr int kMaxFields = 100;
// 18 decimal digits always fit into 64 bits.
constexpr std::size_t kMaxLengthDigits = 18;

/// Letters, digits and `others`.
consteval std::array<bool, 256> letters_and(std::string_view others) {
  std::array<bool, 256> out{};
  for (unsigned c = 0; c < 128; ++c) {
    out[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             others.contains(static_cast<char>(c));
  }
  return out;
}
constexpr auto kToken = letters_and("!#$%&'*+-.^_`|~");    // RFC 9110 section 5.6.2
constexpr auto kHost = letters_and("-._~:[]%!$&'()*+;=");  // RFC 3986 section 3.2.2, and a port

bool all_in(const std::array<bool, 256>& allowed, std::string_view text) {
  return std::ranges::all_of(text, [&](char c) { return allowed[static_cast<unsigned char>(c)]; });
}
bool token(std::string_view text) { return !text.empty() && all_in(kToken, text); }
bool host(std::string_view text) { return all_in(kHost, text); }

bool field_value(std::string_view text) {  // RFC 9110 section 5.5: no control character but tab
  bool bad = false;                        // without a branch per byte
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= ((byte < 0x20) & (byte != '\t')) | (byte == 0x7f);
  }
  return !bad;
}

/// Strips the optional white space around a value, which is space and tab only: a vertical tab before "chunked" is a
/// way to smuggle requests past parsers that strip more.
std::string_view without_ows(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool target(std::string_view text, std::string_view method) {
  // Bytes above ASCII are not in the grammar, but people type Korean addresses into curl; the router decodes them.
  const bool clean = std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
  constexpr std::size_t kMaxSchemeLength = 8;  // "https://"; schemes are case-insensitive (RFC 3986 section 3.1)
  const std::string scheme = text.starts_with('/') ? std::string() : ascii_lower(text.substr(0, kMaxSchemeLength));
  return clean && (text.starts_with('/') || scheme.starts_with("http://") || scheme == "https://" ||
                   (text == "*" && method == "OPTIONS"));
}

/// 10 or 11 for HTTP/1.0 and HTTP/1.1, else the status negated.
int check_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return -400;
  const std::string_view method = line.substr(0, first);
  const std::string_view version = line.substr(second + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!token(method) || version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) ||
      version[6] != '.' || !digit(version[7])) {
    return -400;
  }
  if (version != "HTTP/1.0" && version != "HTTP/1.1") return -505;
  return target(line.substr(first + 1, second - first - 1), method) ? 10 + (version[7] - '0') : -400;
}

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

}  // namespace

std::size_t find_head_end(std::string_view bytes, std::size_t searched) {
  for (std::size_t lf = bytes.find('\n', searched); lf != std::string_view::npos; lf = bytes.find('\n', lf + 1)) {
    if (lf == 0 || bytes[lf - 1] != '\r') return kBareLineFeed;
    if (lf >= 3 && bytes.substr(lf - 3, 2) == "\r\n") return lf + 1;
  }
  return 0;
}

int check_head(std::string_view head) {
  const int version = check_request_line(next_line(head));
  if (version < 0) return -version;
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
  int fields = 0;
  int status = 0;
  for (std::string_view line = next_line(head); !line.empty(); line = next_line(head)) {
    const std::size_t colon = line.find(':');
    // A name is a token, so a folded line (it starts with a space) and "Name :" fail here.
    if (colon == std::string_view::npos || !token(line.substr(0, colon))) return 400;
    const std::string_view value = without_ows(line.substr(colon + 1));
    if (!field_value(value)) return 400;
    if (++fields > kMaxFields) return 431;
    const auto named = [name = line.substr(0, colon)](std::string_view wanted) {
      return name.size() == wanted.size() && ascii_lower(name) == wanted;
    };
    if (named("host")) {
      if (++hosts > 1 || !host(value)) return 400;
    } else if (named("content-length")) {
      const bool number = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
      if (++lengths > 1 || value.empty() || value.size() > kMaxLengthDigits || !number) return 400;
    } else if (named("transfer-encoding")) {
      if (++codings > 1 || version == 10) return 400;
      if (ascii_lower(value) != "chunked") status = 501;
    }
  }
  if ((lengths > 0 && codings > 0) || (version == 11 && hosts == 0)) return 400;
  return status;
}

void split_target(Request& request) {
  std::string_view rest = request.target;
  if (const std::size_t scheme = rest.find("://"); !rest.starts_with('/') && scheme != std::string_view::npos) {
    const std::size_t authority_end = rest.find_first_of("/?", scheme + 3);
    rest = authority_end == std::string_view::npos ? "/" : rest.substr(authority_end);
  }
  const std::size_t question_mark = rest.find('?');
  request.path = rest.substr(0, question_mark);
  request.query = question_mark == std::string_view::npos ? std::string_view() : rest.substr(question_mark + 1);
  if (request.path.empty()) request.path = "/";
}

Method method_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Method>, 7> kMethods{{{"GET", Method::get},
                                                                                {"HEAD", Method::head},
                                                                                {"POST", Method::post},
                                                                                {"PUT", Method::put},
                                                                                {"PATCH", Method::patch},
                                                                                {"DELETE", Method::del},
                                                                                {"OPTIONS", Method::options}}};
  const auto* found = std::ranges::find(kMethods, name, &std::pair<std::string_view, Method>::first);
  return found == kMethods.end() ? Method::other : found->second;
}

bool lists_tag(std::string_view if_match, std::string_view tag) {
  if (trim(if_match) == "*") return true;
  while (!if_match.empty()) {
    const auto comma = std::min(if_match.find(','), if_match.size());
    if (trim(if_match.substr(0, comma)) == tag) return true;
    if_match.remove_prefix(std::min(comma + 1, if_match.size()));
  }
  return false;
}

void write_head(std::string& out, const Response& response, std::string_view date, bool close) {
  out.append("HTTP/1.1 ").append(fmt::format_int(response.status).c_str()).append(" ").append(reason(response.status));
  out.append("\r\n").append(response.head());
  // A response to HEAD has the length that GET would have; 204, 304 and streams have none (RFC 9110 section 8.6).
  if (!bodyless(response.status) && !response.begin) {
    out.append("Content-Length: ").append(fmt::format_int(response.body.size()).c_str()).append("\r\n");
  }
  out.append("Date: ").append(date).append(close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
}

std::string http_date(std::time_t at) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&at, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays.at(static_cast<std::size_t>(utc.tm_wday)),
                     utc.tm_mday, kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

bool bodyless(int status) { return status < 200 || status == 204 || status == 304; }

Response plain_error(int status) {
  const auto words = [status] {
    switch (status) {
      case 408:
        return "http.too_slow"_msg;
      case 413:
        return "http.body_too_large"_msg;
      case 431:
        return "http.head_too_large"_msg;
      case 501:
        return "http.unknown_coding"_msg;
      case 505:
        return "http.unknown_version"_msg;
      case 500:
        return "http.broken"_msg;
      case 503:
        return "error.busy"_msg;
      default:
        return "http.malformed"_msg;
    }
  };
  Response response = Response::text(status, "text/plain; charset=utf-8", tr(words()) + "\n");
  if (status == 503) response.set("Retry-After", "2");
  return response;
}

}  // namespace ms::http
