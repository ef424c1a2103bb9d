#include "infra/core/visible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "infra/core/text.hpp"

namespace ms {
namespace {

struct Range {
  char32_t first;
  char32_t last;
  std::string_view name;
};

// Unicode 15: general categories Cc, Cf, Zs (except the space), Zl, Zp, Co, and letters without a glyph.
constexpr std::array kInvisible{
    Range{0x00, 0x08, "a control character"},
    Range{0x09, 0x09, "a tab"},
    Range{0x0a, 0x0a, "the end of a line"},
    Range{0x0b, 0x0c, "a control character"},
    Range{0x0d, 0x0d, "a carriage return"},
    Range{0x0e, 0x1f, "a control character"},
    Range{0x7f, 0x9f, "a control character"},
    Range{0xa0, 0xa0, "a no-break space"},
    Range{0xad, 0xad, "a soft hyphen"},
    Range{0x34f, 0x34f, "a combining grapheme joiner"},
    Range{0x61c, 0x61c, "a mark of writing direction"},
    Range{0x115f, 0x1160, "a Hangul filler"},
    Range{0x1680, 0x1680, "a space of another width"},
    Range{0x17b4, 0x17b5, "an invisible vowel"},
    Range{0x180b, 0x180f, "an invisible separator"},
    Range{0x2000, 0x200a, "a space of another width"},
    Range{0x200b, 0x200d, "a zero-width character"},
    Range{0x200e, 0x200f, "a mark of writing direction"},
    Range{0x2028, 0x2029, "a separator of lines"},
    Range{0x202a, 0x202e, "a mark of writing direction"},
    Range{0x202f, 0x202f, "a no-break space"},
    Range{0x205f, 0x205f, "a space of another width"},
    Range{0x2060, 0x206f, "a zero-width character"},
    Range{0x2800, 0x2800, "an empty Braille pattern"},
    Range{0x3000, 0x3000, "a full-width space"},
    Range{0x3164, 0x3164, "a Hangul filler"},
    Range{0xe000, 0xf8ff, "a private character"},
    Range{0xfe00, 0xfe0f, "a variation selector"},
    Range{0xfeff, 0xfeff, "a byte order mark"},
    Range{0xffa0, 0xffa0, "a Hangul filler"},
    Range{0xfff0, 0xfffb, "a special character"},
    Range{0xe0000, 0xe0fff, "a tag character"},
    Range{0xf0000, 0x10ffff, "a private character"},
};

/// Removes and returns the first code point of valid UTF-8.
char32_t take(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  char32_t out = size == 1 ? byte(0) : byte(0) & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) out = out << 6U | (byte(i) & 0x3fU);
  text.remove_prefix(size);
  return out;
}

}  // namespace

std::expected<std::string, std::string> visible_secret(std::string_view given) {
  const std::string_view secret = trim(given);
  if (!valid_utf8(secret)) return std::unexpected("contains invalid UTF-8; write it again as text");
  std::size_t place = 0;
  for (std::string_view rest = secret; !rest.empty();) {
    const char32_t point = take(rest);
    ++place;
    const auto found = std::ranges::find_if(
        kInvisible, [point](const Range& range) { return point >= range.first && point <= range.last; });
    if (found == kInvisible.end()) continue;
    return std::unexpected(fmt::format(
        "holds U+{:04X}, {}, as its character {}, which is invisible and part of the secret; write it again "
        "without it (an editor that adds none, or printf '%s\\n' … >)",
        static_cast<std::uint32_t>(point), found->name, place));
  }
  return std::string(secret);
}

}  // namespace ms
