#include "infra/markdown/address.hpp"

#include <algorithm>
#include <array>

#include "infra/markdown/particle.hpp"
#include "infra/markdown/point.hpp"
#include "infra/markdown/reference.hpp"

namespace ms::markdown {
namespace {

constexpr std::size_t kMaxAddress = 2000;  // bytes
constexpr std::size_t kMaxLocalPart = 64;  // RFC 5321 4.5.3.1
constexpr std::size_t kMaxDomain = 255;

bool starts_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::ranges::equal(text.substr(0, lower.size()), lower, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

/// Letters of non-ASCII scripts belong to an address only in a word that starts with one: "/wiki/한국어", but not
/// "/notice에서".
class Words {
 public:
  /// Whether the word is a number so far; Korean words can also start with one: "3월".
  bool is_number() const { return word_ == Word::number; }
  /// Whether the address continues with this code point; `in_number`: also directly after a number.
  bool take(char32_t point, bool in_number = false) {
    constexpr std::u32string_view kBetween = U"/?#&=-_.+:~(";
    if (point < 0x80) {
      if (kBetween.contains(point)) {
        word_ = Word::none;
      } else if ((word_ == Word::none || word_ == Word::number) && U'0' <= point && point <= U'9') {
        word_ = Word::number;
      } else if (word_ != Word::other || !is_ascii_letter(point)) {
        word_ = Word::ascii;  // "%EA%B0%80", "_(1)", "x*" too
      }
      return true;
    }
    if (!is_letter(point) || word_ == Word::ascii || (word_ == Word::number && !in_number)) return false;
    word_ = Word::other;
    return true;
  }

 private:
  enum class Word { none, number, ascii, other };
  Word word_ = Word::none;
};

/// Finds the end of a Korean host before a particle: "http://학교.한국에서". These are all top-level domains in Hangul
/// (IANA).
std::size_t korean_host_size(std::string_view host) {
  constexpr std::array<std::string_view, 4> kTopDomains = {"한국", "삼성", "닷컴", "닷넷"};
  const std::size_t dot = host.rfind('.');
  if (dot == host.npos) return host.size();
  for (const std::string_view top : kTopDomains) {
    if (host.substr(dot + 1).starts_with(top)) return dot + 1 + top.size();
  }
  return host.size();
}

/// The end of a host name with its port.
std::size_t host_end(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  Words words;
  while (at < text.size() && at - begin < kMaxDomain) {
    const Point point = point_at(text, at);
    const bool ascii =
        is_ascii_letter(point.value) || point.value == U'.' || point.value == U'-' || point.value == U'_';
    if ((point.value < 0x80 && !ascii) || !words.take(point.value)) break;
    at += point.size;
  }
  while (at > begin && (text[at - 1] == '.' || text[at - 1] == '-' || text[at - 1] == '_')) --at;
  at = begin + korean_host_size(text.substr(begin, at - begin));
  if (at == begin || at >= text.size() || text[at] != ':') return at;
  constexpr std::size_t kMaxPort = 5;
  std::size_t end = at + 1;
  while (end < text.size() && end - at <= kMaxPort && text[end] >= '0' && text[end] <= '9') ++end;
  return end > at + 1 ? end : at;
}

/// Whether it may occur before the "@" of a mail address: the characters in use, of those that RFC 5322 allows.
bool is_local(char c) { return is_ascii_letter(static_cast<unsigned char>(c)) || std::string_view("._+-").contains(c); }

/// Ends an address anywhere: white space, quotes, brackets, and characters that RFC 3986 does not allow.
bool ends_address(char32_t point) {
  constexpr std::u32string_view kEnd = U"\"'<>[]{}`|\\^";
  return point <= U' ' || point == 0x7F || kEnd.contains(point);
}

/// Whether the reference at `at` stands for a character that no address contains: "&gt;", "&nbsp;", but not "&amp;".
bool ends_with_reference(std::string_view text, std::size_t at) {
  const auto found = reference_at(text, at);
  return found && found->value != U'&';
}

/// Whether the letters at `at` continue the number before them: in file names ("3월.hwp", "2026학년도_계획") and in
/// queries ("?월=3월"). Otherwise they belong to the sentence: "https://a.kr/123번 글".
bool goes_on_behind_number(std::string_view text, std::size_t at) {
  if (is_counter(text, at)) return true;
  const std::size_t end = at + word_at(text, at).size();
  if (end + 1 >= text.size()) return false;
  const char32_t next = point_after(text, end + 1);
  if (text[end] == '.') return is_ascii_letter(next);
  return std::string_view("_-/&=").contains(text[end]) && is_letter(next);
}

/// The end of a path, query and fragment. A bracket belongs to it only after "_" and when closed, as in
/// "/wiki/Rust_(언어)". `marks` are the marks around the address.
std::size_t path_end(std::string_view text, std::size_t at, std::size_t limit, std::string_view marks) {
  const std::size_t begin = at;
  std::size_t open = std::string_view::npos;  // where a bracket was opened
  Words words;
  while (at < limit) {
    const Point point = point_at(text, at);
    if (ends_address(point.value)) break;
    if (point.value == U'(') {
      if (open != std::string_view::npos || text[at - 1] != '_') break;
      open = at;
    } else if (point.value == U')') {
      if (open == std::string_view::npos) break;
      open = std::string_view::npos;
    } else if (is_hangul(point.value) && static_cast<unsigned char>(text[at - 1]) < 0x80 && is_particle(text, at)) {
      break;
    }
    if (point.value == U',' && point_after(text, at + 1) >= 0x80) break;  // the sentence continues
    if (point.value == U'&' && ends_with_reference(text, at)) break;
    if (!words.take(point.value, words.is_number() && goes_on_behind_number(text, at))) break;
    at += point.size;
  }
  if (open != std::string_view::npos) at = open;
  constexpr std::string_view kPunctuation = "?!.,:;&";
  while (at > begin && (kPunctuation.contains(text[at - 1]) || marks.contains(text[at - 1]))) --at;
  return at;
}

}  // namespace

std::size_t web_address(std::string_view text, std::size_t at, std::string_view marks) {
  const std::string_view rest = text.substr(at);
  const bool www = starts_ignoring_case(rest, "www.");
  const std::size_t scheme = www                                      ? 0
                             : starts_ignoring_case(rest, "https://") ? 8
                             : starts_ignoring_case(rest, "http://")  ? 7
                                                                      : std::string_view::npos;
  if (scheme == std::string_view::npos) return 0;
  const char32_t before = point_before(text, at);
  constexpr std::u32string_view kPart = U"./-_@:&=";
  if (is_ascii_letter(before) || (www && kPart.contains(before))) return 0;
  const std::size_t host = at + scheme;
  std::size_t end = host_end(text, host);
  if (end == host) return 0;
  if (www && std::ranges::count(text.substr(host, end - host), '.') < 2) return 0;
  if (end < text.size() && (text[end] == '/' || text[end] == '?' || text[end] == '#')) {
    end = std::max(end, path_end(text, end, std::min(text.size(), at + kMaxAddress), marks));
  }
  return end - at;
}

bool is_in_mail_address(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at, kMaxLocalPart + 1);
  const std::size_t sign = rest.find('@');
  if (sign == rest.npos || !std::ranges::all_of(rest.substr(0, sign), is_local)) return false;
  const MailAddress found = mail_address(text, 0, at + sign);
  return found.size > 0 && found.at <= at;
}

MailAddress mail_address(std::string_view text, std::size_t from, std::size_t at) {
  std::size_t begin = at;
  while (begin > from && at - begin < kMaxLocalPart && is_local(text[begin - 1])) --begin;
  while (begin < at && !is_ascii_letter(static_cast<unsigned char>(text[begin]))) ++begin;
  if (begin == at || text[at - 1] == '.') return {};
  std::size_t end = at + 1;
  std::size_t label = end;  // where the last label begins
  while (end < text.size() && end - at < kMaxDomain) {
    const char c = text[end];
    if (c == '.' && end + 1 < text.size() && end > label &&
        is_ascii_letter(static_cast<unsigned char>(text[end + 1]))) {
      label = end + 1;
    } else if (!is_ascii_letter(static_cast<unsigned char>(c)) && c != '-') {
      break;
    }
    ++end;
  }
  while (end > label && text[end - 1] == '-') --end;
  const bool top = label > at + 1 && end - label >= 2 && (text[label] < '0' || text[label] > '9');
  return top ? MailAddress{begin, end - begin} : MailAddress{};
}

}  // namespace ms::markdown
