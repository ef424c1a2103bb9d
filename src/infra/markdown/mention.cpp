#include "infra/markdown/mention.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ms::markdown {
namespace {

constexpr std::size_t kLongest = 40;  // characters: the longest name (30) and what hangs on it
constexpr std::size_t kIdDigits = 18;

struct Range {
  char32_t first, last;
};
// Letters of the scripts that names are written in, by blocks of Unicode 15.
constexpr std::array<Range, 12> kLetters = {{{U'0', U'9'},
                                             {U'A', U'Z'},
                                             {U'_', U'_'},
                                             {U'a', U'z'},
                                             {0xC0, 0xD6},
                                             {0xD8, 0xF6},
                                             {0xF8, 0x2C1},     // Latin
                                             {0x370, 0x1FFF},   // Greek … Hangul Jamo … Greek Extended
                                             {0x3041, 0x318E},  // Kana, Bopomofo, Hangul Compatibility Jamo
                                             {0x3400, 0xD7A3},  // Han … Hangul syllables
                                             {0xF900, 0xFAFF},  // Han
                                             {0x20000, 0x3134F}}};

/// The code point at `at` and its length; valid UTF-8 is not needed: a wrong byte is a character of its own.
struct Point {
  char32_t value;
  std::size_t size;
};
Point point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return {lead < 0x80 ? char32_t{lead} : U'\xFFFD', 1};
  char32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte(at + i) & 0x3FU);
  return {value, size};
}

/// How far a name goes from `at` on, in bytes; 0 for none, or one that is too long to be a name.
std::size_t name_size(std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t characters = 0;
  while (end < text.size()) {
    const Point point = point_at(text, end);
    if (!in_name(point.value)) break;
    end += point.size;
    if (++characters > kLongest) return 0;
  }
  return end - at;
}

/// Whether the '@' at `at` may begin a mention: what stands before it is no part of an address or a path.
bool begins(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  std::size_t before = at - 1;
  while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0U) == 0x80) --before;
  const Point point = point_at(text, before);
  constexpr std::u32string_view kAddress = U"@/+-#&=";
  return point.value >= 0x80 || (!in_name(point.value) && !kAddress.contains(point.value));
}

}  // namespace

bool in_name(char32_t point) {
  return std::ranges::any_of(kLetters, [point](Range range) { return range.first <= point && point <= range.last; });
}

std::string mentionable(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const Point point = point_at(name, at);
    if (in_name(point.value)) out.append(name, at, point.size);
    at += point.size;
  }
  return out;
}

std::vector<Spot> spots(std::string_view text) {
  std::vector<Spot> out;
  for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at + 1)) {
    const std::size_t size = begins(text, at) ? name_size(text, at + 1) : 0;
    if (size == 0) continue;
    Spot spot{at, 1 + size, {std::string(text.substr(at + 1, size)), 0}};
    std::size_t end = at + spot.size;
    if (end < text.size() && text[end] == '@') continue;
    if (end + 1 < text.size() && text[end] == '#') {
      const char* digits = text.data() + end + 1;
      const char* limit = digits + std::min(kIdDigits, text.size() - end - 1);
      const auto [stop, error] = std::from_chars(digits, limit, spot.mention.id);
      if (error == std::errc() && spot.mention.id > 0) {
        spot.size += 1 + static_cast<std::size_t>(stop - digits);
      } else {
        spot.mention.id = 0;
      }
    }
    out.push_back(std::move(spot));
  }
  return out;
}

}  // namespace ms::markdown
