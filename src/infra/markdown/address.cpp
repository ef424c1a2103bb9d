#include "infra/markdown/address.hpp"

#include <algorithm>
#include <array>

#include "infra/markdown/point.hpp"

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

/// Letters of other scripts than ASCII's belong to an address only in a word that begins with one: "/wiki/한국어", but
/// not
/// "/notice에서".
class Words {
 public:
  /// Whether the address goes on with this code point.
  bool take(char32_t point) {
    constexpr std::u32string_view kBetween = U"/?#&=-_.+:~(";
    if (point < 0x80) {
      if (kBetween.contains(point)) {
        word_ = Word::none;
      } else if (word_ == Word::none || !is_ascii_letter(point)) {
        word_ = Word::ascii;  // "%EA%B0%80", "_(1)", "x*" too
      }
      return true;
    }
    if (!is_letter(point) || word_ == Word::ascii) return false;
    word_ = Word::other;
    return true;
  }

 private:
  enum class Word { none, ascii, other };
  Word word_ = Word::none;
};

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
  if (at == begin || at >= text.size() || text[at] != ':') return at;
  constexpr std::size_t kMaxPort = 5;
  std::size_t end = at + 1;
  while (end < text.size() && end - at <= kMaxPort && text[end] >= '0' && text[end] <= '9') ++end;
  return end > at + 1 ? end : at;
}

/// What ends an address wherever it stands: white space, quotes, brackets, and what RFC 3986 has no place for.
bool ends_address(char32_t point) {
  constexpr std::u32string_view kEnd = U"\"'<>[]{}`|\\^";
  return point <= U' ' || point == 0x7F || kEnd.contains(point);
}

/// Whether the word at `at` is a particle or the like, which is no name of a page: "https://www.example.com/에서".
bool is_particle(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 40> kParticles = {
      "에서",   "에",     "에게",   "를",     "을",     "로",     "으로",   "는",   "은",   "가",
      "이",     "와",     "과",     "도",     "의",     "만",     "부터",   "까지", "보다", "처럼",
      "라고",   "이라고", "입니다", "이고",   "이며",   "에서는", "에서도", "에는", "에도", "로는",
      "에서만", "에서의", "로도",   "으로는", "으로만", "로만",   "인데",   "이니", "라는", "이라는"};
  std::size_t end = at;
  while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) {
    const Point point = point_at(text, end);
    if (!is_letter(point.value)) break;
    end += point.size;
  }
  return std::ranges::find(kParticles, text.substr(at, end - at)) != kParticles.end();
}

/// The end of a path, query and fragment. A bracket belongs to it as in "/wiki/Rust_(언어)": behind "_", and closed.
std::size_t path_end(std::string_view text, std::size_t at, std::size_t limit) {
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
    if (point.value == U',' && point_after(text, at + 1) >= 0x80) break;  // the sentence goes on
    if (!words.take(point.value)) break;
    at += point.size;
  }
  if (open != std::string_view::npos) at = open;
  // A sentence's punctuation, and marks around the address.
  constexpr std::string_view kTrailing = "?!.,:;*_~&";
  while (at > begin && kTrailing.contains(text[at - 1])) --at;
  return at;
}

}  // namespace

std::size_t web_address(std::string_view text, std::size_t at) {
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
    end = std::max(end, path_end(text, end, std::min(text.size(), at + kMaxAddress)));
  }
  return end - at;
}

MailAddress mail_address(std::string_view text, std::size_t from, std::size_t at) {
  const auto local = [](char c) {
    return is_ascii_letter(static_cast<unsigned char>(c)) || std::string_view("._+-").contains(c);
  };
  std::size_t begin = at;
  while (begin > from && at - begin < kMaxLocalPart && local(text[begin - 1])) --begin;
  while (begin < at && !is_ascii_letter(static_cast<unsigned char>(text[begin]))) ++begin;
  if (begin == at || text[at - 1] == '.') return {};
  std::size_t end = at + 1;
  std::size_t label = end;  // where the last one begins
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
