#include "infra/markdown/emphasis.hpp"

#include <algorithm>

#include "infra/markdown/particle.hpp"
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

/// "안내**필수**사항", "안내**(필수 항목)**를": within a word, emphasis covers one word or a bracket. Not "김**(3반),
/// 이**(4반)", where letters of names are hidden.
bool wraps_word(const Run& run) {
  const std::string_view rest = run.line.substr(run.end);
  const std::size_t size = rest.find('*');
  if (size == 0 || size == rest.npos) return false;
  const std::size_t end = std::min(rest.find_first_not_of('*', size), rest.size());
  if (end - size != run.size()) return false;
  const std::string_view content = rest.substr(0, size);
  const char32_t first = point_at(content, 0).value;
  if (matches(first, point_before(content, size))) return true;
  constexpr std::u32string_view kSeparators = U",;/|，、·";
  for (std::size_t at = 0; at < size;) {
    const Point point = point_at(content, at);
    if (is_space(point.value) || kSeparators.contains(point.value)) return false;
    at += point.size;
  }
  return is_letter(first);
}

/// A character that is typed for itself: no "_", and no letter that emoticons use: "*ㅇㅅㅇ*".
bool is_word(char32_t point) { return is_letter(point) && point != U'_' && (point < 0x3131 || 0x318E < point); }

bool is_single(const Run& run) { return run.size() == 1 && run.mark() != '~'; }

}  // namespace

bool may_open(const Run& run) {
  const char32_t before = point_before(run.line, run.begin);
  const char32_t after = point_after(run.line, run.end);
  if (!is_mark(run) || is_space(after) || (closes(after) && !opens(after))) return false;
  if (opens(before) && closes(after)) return false;                      // "\"*\"은 필수"
  if (is_single(run) && (after == U'.' || after == U'^')) return false;  // "*.hwp", "*^^*"
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
  if (opens(before) && closes(after)) return false;
  // "홍*동", "3*5*2", "*.hwp·*.pdf"
  if (run.mark() == '*' && run.size() == 1) {
    return before != U'·' && (!is_letter(after) || (is_hangul(after) && begins_with_particle(run.line, run.end)));
  }
  if (run.mark() == '*') return true;
  if (run.mark() == '~') return true;
  constexpr std::u32string_view kEnds = U".!?%*~`";  // not ":", as in "학년:__ 반:__"
  if (!is_letter(before) && !closes(before) && !kEnds.contains(before)) return false;
  return !is_letter(after) || (run.size() == 1 && is_hangul(after) && begins_with_particle(run.line, run.end));
}

bool is_footnote(const Run& run) {
  const char32_t before = point_before(run.line, run.begin);
  return run.mark() == '*' && (is_word(before) || closes(before)) && may_close(run) && !may_open(run);
}

bool is_behind_syllable(const Run& run) {
  const char32_t before = point_before(run.line, run.begin);
  if (!is_hangul(before)) return false;
  constexpr std::size_t kSyllable = 3;  // bytes
  return !is_letter(point_before(run.line, run.begin - kSyllable));
}

void Counts::count_to(std::string_view line, std::size_t end) {
  while (at < end) {
    const Point point = point_at(line, at);
    if (point.value == U'_') ++underscores;
    if (is_word(point.value)) ++words;
    if (opens(point.value) && !closes(point.value)) ++brackets;
    if (closes(point.value) && !opens(point.value)) --brackets;
    at += point.size;
  }
}

bool is_meant(const Run& run, const Counts& opened, const Counts& here) {
  if (run.mark() == '~') return true;
  if (here.brackets > opened.brackets) return false;  // "*명단(홍*은, 김*은)"
  if (run.size() > 1) return true;
  if (here.words == opened.words) return false;  // "*^^*", "(*_*)"
  if (run.mark() == '*') return true;
  // "_학년_반_번", "_명_": blanks to fill in
  const std::string_view content = run.line.substr(opened.at, run.begin - opened.at);
  const bool blank = here.words - opened.words == 1 || (is_counter(content, 0) && word_at(content, 0) == content);
  return here.underscores == opened.underscores && !blank;
}

}  // namespace ms::markdown
