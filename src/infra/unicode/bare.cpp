#include "infra/unicode/bare.hpp"

#include "infra/unicode/points.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::unicode {
namespace {

/// Whether it is a letter of a word and not part of a sign, as in "ᵀᴹ".
bool is_plain_letter(UChar32 point) {
  if (point < 0 || !u_isalpha(point) || !has_shape(point)) return false;
  const auto made = u_getIntPropertyValue(point, UCHAR_DECOMPOSITION_TYPE);
  return made != U_DT_SUPER && made != U_DT_SUB;
}

}  // namespace

std::string bare(std::string_view name) {
  std::string out;
  int depth = 0;
  for (const UChar32 point : points_of(narrow(name))) {
    const auto bracket = u_getIntPropertyValue(point, UCHAR_BIDI_PAIRED_BRACKET_TYPE);
    if (bracket == U_BPT_OPEN || point == '<') ++depth;
    if (depth == 0 && is_plain_letter(point)) append(out, point);
    if ((bracket == U_BPT_CLOSE || point == '>') && depth > 0) --depth;
  }
  return out;
}

}  // namespace ms::unicode
