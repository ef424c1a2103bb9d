#include "infra/markdown/point.hpp"

#include <algorithm>
#include <array>

namespace ms::markdown {
namespace {

struct Range {
  char32_t first, last;
};
// Blocks of Unicode 15. Excluded from Hangul Compatibility Jamo: the filler (U+3164), which is invisible, and "ㆍ"
// (U+318D), which separates words.
constexpr std::array<Range, 14> kLetters = {{{U'0', U'9'},
                                             {U'A', U'Z'},
                                             {U'_', U'_'},
                                             {U'a', U'z'},
                                             {0xC0, 0xD6},
                                             {0xD8, 0xF6},
                                             {0xF8, 0x2C1},     // Latin
                                             {0x370, 0x1FFF},   // Greek … Hangul Jamo … Greek Extended
                                             {0x3041, 0x3163},  // Kana, Bopomofo, Hangul Compatibility Jamo
                                             {0x3165, 0x318C},
                                             {0x318E, 0x318E},
                                             {0x3400, 0xD7A3},  // Han … Hangul syllables
                                             {0xF900, 0xFAFF},  // Han
                                             {0x20000, 0x3134F}}};

constexpr std::u32string_view kOpen = U"([{<\"'“‘‹«〈《「『【〔〖〘〝（［｛＜｢";
constexpr std::u32string_view kClose = U")]}>\"'”’›»〉》」』】〕〗〙〞）］｝＞｣";
static_assert(kOpen.size() == kClose.size());
constexpr std::u32string_view kNeutral = U"-.,:;!?/=%|^·…‥―–—、。，．：；！？〜～ㆍ";

constexpr std::size_t kMaxSize = 4;

bool is_tail(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

}  // namespace

Point point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : kMaxSize;
  if (size == 1 || at + size > text.size()) return {U'\xFFFD', 1};
  char32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) value = value << 6 | (byte(at + i) & 0x3FU);
  return {value, size};
}

char32_t point_before(std::string_view text, std::size_t at) {
  if (at == 0) return U' ';
  std::size_t begin = at - 1;
  while (begin > 0 && at - begin < kMaxSize && is_tail(text[begin])) --begin;
  return point_at(text, begin).value;
}

char32_t point_after(std::string_view text, std::size_t at) {
  return at < text.size() ? point_at(text, at).value : U' ';
}

bool is_space(char32_t point) {
  return point <= U' ' || point == 0xA0 || point == 0x1680 || (0x2000 <= point && point <= 0x200B) || point == 0x2028 ||
         point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

bool is_letter(char32_t point) {
  return std::ranges::any_of(kLetters, [point](Range range) { return range.first <= point && point <= range.last; });
}

bool is_ascii_letter(char32_t point) {
  return (U'0' <= point && point <= U'9') || (U'a' <= (point | 0x20U) && (point | 0x20U) <= U'z');
}

bool is_hangul(char32_t point) {
  return (0x1100 <= point && point <= 0x11FF) || (0x3131 <= point && point <= 0x318E) ||
         (0xAC00 <= point && point <= 0xD7A3);
}

bool opens(char32_t point) { return kOpen.contains(point); }
bool closes(char32_t point) { return kClose.contains(point); }

bool matches(char32_t open, char32_t close) {
  const auto at = kOpen.find(open);
  return at != kOpen.npos && kClose[at] == close;
}

bool is_neutral(char32_t point) { return kNeutral.contains(point); }

}  // namespace ms::markdown
