#include "infra/markdown/emphasis.hpp"

#include <algorithm>

#include "infra/markdown/point.hpp"

namespace ms::markdown {
namespace {

constexpr std::size_t kMaxAsterisks = 3;
constexpr std::size_t kMaxUnderscores = 2;  // three and more are a blank
constexpr std::size_t kTildes = 2;          // one is a range: "2~4시"

bool is_mark(const Run& run) {
  if (run.mark() == '*') return run.size() <= kMaxAsterisks;
  if (run.mark() == '_') return run.size() <= kMaxUnderscores;
  return run.size() == kTildes;
}

/// "안내**필수**사항", "안내**(필수 항목)**를": what is emphasized within a word is one word or stands in brackets. Not
/// "김**(3반), 이**(4반)", where letters of names are hidden.
bool wraps_word(const Run& run) {
  const std::string_view rest = run.line.substr(run.end);
  const std::size_t size = rest.find('*');
  if (size == 0 || size == rest.npos) return false;
  const std::size_t end = std::min(rest.find_first_not_of('*', size), rest.size());
  if (end - size != run.size()) return false;
  const std::string_view content = rest.substr(0, size);
  const char32_t first = point_at(content, 0).value;
  if (matches(first, point_before(content, size))) return true;
  constexpr std::u32string_view kDivides = U",;/|，、·";
  for (std::size_t at = 0; at < size;) {
    const Point point = point_at(content, at);
    if (is_space(point.value) || kDivides.contains(point.value)) return false;
    at += point.size;
  }
  return is_letter(first);
}

/// Whether no "_" follows in the word: "_강조_를", but not "_파일_이름_목록".
bool is_last_in_word(const Run& run) {
  for (std::size_t at = run.end; at < run.line.size();) {
    const Point point = point_at(run.line, at);
    if (point.value == U'_') return false;
    if (is_space(point.value)) break;
    at += point.size;
  }
  return true;
}

}  // namespace

bool may_open(const Run& run) {
  const char32_t before = point_before(run.line, run.begin);
  const char32_t after = point_after(run.line, run.end);
  if (!is_mark(run) || is_space(after) || (closes(after) && !opens(after))) return false;
  if (is_space(before) || opens(before)) return true;
  if (is_neutral(after)) return false;  // "010-***-1234"
  if (run.mark() == '_') return before == U'*' || before == U'~';
  if (is_letter(before)) return run.mark() == '*' && run.size() > 1 && wraps_word(run);
  return true;
}

bool may_close(const Run& run) {
  const char32_t before = point_before(run.line, run.begin);
  const char32_t after = point_after(run.line, run.end);
  if (!is_mark(run) || is_space(before) || (opens(before) && !closes(before))) return false;
  if (run.mark() == '*') return run.size() > 1 || !is_ascii_letter(after);  // "3*5*2"
  if (run.mark() == '~') return true;
  constexpr std::u32string_view kEnds = U".!?%*~`";  // not ":", as in "학년:__ 반:__"
  if (!is_letter(before) && !closes(before) && !kEnds.contains(before)) return false;
  return !is_letter(after) || (run.size() == 1 && is_hangul(after) && is_last_in_word(run));
}

}  // namespace ms::markdown
