#include "infra/unicode/points.hpp"

#include <unicode/utf8.h>

namespace ms::unicode {
namespace {

constexpr UChar32 kBlackFlag = 0x1F3F4;
constexpr UChar32 kCancelTag = 0xE007F;
constexpr std::size_t kMaxTags = 8;  // a region has at most six (UTS #51 ED-14a)

bool is_emoji(UChar32 point) {
  return u_hasBinaryProperty(point, UCHAR_EXTENDED_PICTOGRAPHIC) || u_hasBinaryProperty(point, UCHAR_EMOJI);
}

/// Whether a joiner after it changes how letters are drawn: after a virama, and between letters that join (UAX
/// #31 2.3).
bool takes_joiner(UChar32 point) {
  constexpr int kVirama = 9;
  const auto joining = u_getIntPropertyValue(point, UCHAR_JOINING_TYPE);
  return u_getCombiningClass(point) == kVirama || joining == U_JT_DUAL_JOINING || joining == U_JT_LEFT_JOINING;
}

bool joins(const std::vector<UChar32>& points, std::size_t at) {
  if (at == 0 || at + 1 >= points.size()) return false;
  const UChar32 before = points[at - 1];
  const bool of_emoji = is_emoji(before) || before == 0xFE0F || u_hasBinaryProperty(before, UCHAR_EMOJI_MODIFIER);
  if (points[at] == 0x200D && of_emoji && is_emoji(points[at + 1])) return true;
  return takes_joiner(before) && u_isalpha(points[at + 1]);
}

/// Whether a variation selector after it has variants to select.
bool selects(const std::vector<UChar32>& points, std::size_t at) {
  if (at == 0) return false;
  const UChar32 point = points[at];
  const UChar32 before = points[at - 1];
  if (point == 0xFE0E || point == 0xFE0F) return is_emoji(before);
  return u_hasBinaryProperty(before, UCHAR_IDEOGRAPHIC) || (point >= 0x180B && point <= 0x180D && u_isalpha(before));
}

}  // namespace

std::vector<UChar32> points_of(std::string_view text) {
  std::vector<UChar32> out;
  out.reserve(text.size());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 point = 0;
    U8_NEXT(text.data(), at, size, point);  // NOLINT(bugprone-inc-dec-in-conditions): ICU's macro
    out.push_back(point);
  }
  return out;
}

void append(std::string& out, UChar32 point) {
  if (point < 0) return;
  char bytes[U8_MAX_LENGTH];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, point);
  out.append(bytes, static_cast<std::size_t>(size));
}

bool is_blank(UChar32 point) {
  return u_isUWhiteSpace(point) || point == 0x115F || point == 0x1160 || point == 0x3164 || point == 0xFFA0 ||
         point == 0x2800 || point == 0x1D159;
}

bool has_shape(UChar32 point) {
  if (point < 0 || is_blank(point) || u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) return false;
  const auto category = U_GET_GC_MASK(point);
  if ((category & U_GC_CF_MASK) != 0) return u_hasBinaryProperty(point, UCHAR_PREPENDED_CONCATENATION_MARK);
  constexpr auto kShapeless = U_GC_M_MASK | U_GC_Z_MASK | U_GC_CC_MASK | U_GC_CS_MASK | U_GC_CO_MASK;
  if ((category & U_GC_CN_MASK) != 0) return u_hasBinaryProperty(point, UCHAR_EXTENDED_PICTOGRAPHIC);
  return (category & kShapeless) == 0;
}

bool is_mark(UChar32 point) { return (U_GET_GC_MASK(point) & (U_GC_MN_MASK | U_GC_ME_MASK)) != 0; }

bool is_override(UChar32 point) { return point == 0x202D || point == 0x202E; }

bool is_tag(UChar32 point) { return point >= 0xE0000 && point <= 0xE007F; }

bool is_forbidden(UChar32 point) {
  if (point < 0 || (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069)) return true;
  const auto category = U_GET_GC_MASK(point);
  // Emoji that are newer than this table have code points that it reserves for emoji.
  if ((category & U_GC_CN_MASK) != 0) return !u_hasBinaryProperty(point, UCHAR_EXTENDED_PICTOGRAPHIC);
  return (category & (U_GC_CC_MASK | U_GC_CO_MASK | U_GC_CS_MASK)) != 0 || is_tag(point) ||
         (point >= 0xFFF9 && point <= 0xFFFB);
}

bool is_idle(const std::vector<UChar32>& points, std::size_t at) {
  const UChar32 point = points[at];
  if (point == 0xFFFC) return true;  // replaces a picture of a dictation or mail program
  if (!u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) && u_charType(point) != U_FORMAT_CHAR) {
    return false;
  }
  if (u_hasBinaryProperty(point, UCHAR_PREPENDED_CONCATENATION_MARK)) return false;
  if (point == 0x200C || point == 0x200D) return !joins(points, at);
  if (u_hasBinaryProperty(point, UCHAR_VARIATION_SELECTOR)) return !selects(points, at);
  return true;
}

std::size_t flag_size(const std::vector<UChar32>& points, std::size_t at) {
  if (points[at] != kBlackFlag) return 0;
  std::size_t end = at + 1;
  while (end < points.size() && is_tag(points[end]) && points[end] != kCancelTag && end - at <= kMaxTags) ++end;
  const bool whole = end > at + 1 && end < points.size() && points[end] == kCancelTag;
  return whole ? end + 1 - at : 0;
}

}  // namespace ms::unicode
