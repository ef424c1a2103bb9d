#include "infra/unicode/points.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::unicode {
namespace {

/// Counts the combining marks on one letter.
class Marks {
 public:
  /// Whether this mark is still allowed. Invisible characters do not start a new letter.
  bool take(UChar32 point) {
    if (is_mark(point)) return ++count_ <= kMaxMarks;
    if (count_ > 0 && !u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) count_ = 0;
    return true;
  }

 private:
  int count_ = 0;
};

bool ends_line(UChar32 point) { return (point >= 0x0A && point <= 0x0D) || point == 0x85 || (point | 1) == 0x2029; }

bool spoils_text(UChar32 point) {
  if (point < 0 || is_override(point) || is_tag(point)) return true;
  const auto type = u_charType(point);
  return (type == U_CONTROL_CHAR && point != '\n' && point != '\t') || type == U_SURROGATE ||
         U_IS_UNICODE_NONCHAR(point);
}

/// The text without characters that a line must not contain; sets `pure` to false when there were any.
std::string cleaned(std::string_view text, bool& pure) {
  const std::vector<UChar32> points = points_of(text);
  std::string out;
  out.reserve(text.size());
  Marks marks;
  bool gap = false;
  bool broken = false;  // the gap contains a line break
  for (std::size_t at = 0; at < points.size(); ++at) {
    const UChar32 point = points[at];
    std::size_t size = flag_size(points, at);
    if (size == 0) {
      size = 1;
      if (is_blank(point)) {
        gap = !out.empty();
        broken = broken || ends_line(point);
        continue;
      }
      if (is_forbidden(point) || !marks.take(point)) {
        pure = false;
        continue;
      }
      if (is_idle(points, at)) continue;
    }
    if (gap) out += ' ';
    if (gap && broken) pure = false;
    gap = broken = false;
    for (std::size_t i = 0; i < size; ++i) append(out, points[at + i]);
    at += size - 1;
  }
  return out;
}

}  // namespace

void Line::set(std::string_view typed) {
  std::string rest = nfc(typed);
  // A removed character may have separated two that combine, or another character may have needed it.
  do {
    text_ = std::move(rest);
    rest = nfc(cleaned(text_, pure_));
  } while (rest != text_);
}

void Text::set(std::string_view typed) {
  const std::string normalized = normal(typed);
  const std::vector<UChar32> points = points_of(normalized);
  Marks marks;
  text_.reserve(normalized.size());
  for (std::size_t at = 0; at < points.size(); ++at) {
    const std::size_t flag = flag_size(points, at);
    if (flag == 0 && (spoils_text(points[at]) || !marks.take(points[at]))) {
      pure_ = false;
      continue;
    }
    const std::size_t size = flag == 0 ? 1 : flag;
    for (std::size_t i = 0; i < size; ++i) append(text_, points[at + i]);
    at += size - 1;
  }
  if (!pure_) text_ = nfc(text_);
}

}  // namespace ms::unicode
