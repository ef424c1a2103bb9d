#include "features/members/weak_password.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "infra/unicode/unicode.hpp"

namespace ms::members {
namespace {

constexpr int kMinPieces = 3;         // runs that a password has at least
constexpr std::size_t kMaxPiece = 4;  // bytes of a piece whose repetition is weak
constexpr std::size_t kMinOwn = 3;    // characters; shorter own words occur everywhere
constexpr std::array<std::string_view, 4> kKeyRows = {"`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./"};
// Common Korean passwords, as keys of dubeolsik: 비밀번호, 안녕하세요, 사랑해, 사랑합니다, 관리자,
// 대한민국, 학교, 선생님, 우리학교, 가나다라.
constexpr std::array<std::string_view, 10> kKoreanWords = {"qlalfqjsgh", "dkssudgktpdy", "tkfkdgo", "tkfkdgkqslek",
                                                           "rhksflwk",   "eogksalsrnr",  "gkrry",   "tjstodsla",
                                                           "dnflgkrry",  "rkskekfk"};

// Keys of dubeolsik by the order of conjoining jamo (Unicode 3.12).
constexpr std::array<std::string_view, 19> kLeadingJamo = {"r", "R", "s", "e", "E", "f", "a", "q", "Q", "t",
                                                           "T", "d", "w", "W", "c", "z", "x", "v", "g"};
constexpr std::array<std::string_view, 21> kVowels = {"k",  "o", "i", "O",  "j",  "p",  "u", "P", "h",  "hk", "ho",
                                                      "hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l"};
constexpr std::array<std::string_view, 27> kTrailingJamo = {"r",  "R",  "rt", "s",  "sw", "sg", "e", "f", "fr",
                                                            "fa", "fq", "ft", "fx", "fv", "fg", "a", "q", "qt",
                                                            "t",  "T",  "d",  "w",  "c",  "z",  "x", "v", "g"};

/// The keys that type the text on a Korean keyboard in Latin mode, without Shift.
std::string keys_of(std::string_view text) {
  std::string out;
  for (const char32_t point : unicode::points(unicode::nfd(text))) {
    if (point >= 0x1100 && point < 0x1100 + kLeadingJamo.size()) {
      out += kLeadingJamo[point - 0x1100];
    } else if (point >= 0x1161 && point < 0x1161 + kVowels.size()) {
      out += kVowels[point - 0x1161];
    } else if (point >= 0x11A8 && point < 0x11A8 + kTrailingJamo.size()) {
      out += kTrailingJamo[point - 0x11A8];
    } else {
      out += point < 0x80 ? static_cast<char>(point) : '?';
    }
  }
  return unicode::lower(out);
}

bool is_letter(char c) { return static_cast<unsigned char>(c) >= 0x80 || (c >= 'a' && c <= 'z'); }

/// The text without the digits and signs around its letters.
std::string_view stem(std::string_view text) {
  while (!text.empty() && !is_letter(text.front())) text.remove_prefix(1);
  while (!text.empty() && !is_letter(text.back())) text.remove_suffix(1);
  return text;
}

bool is_common(std::string_view text) {
  if (text.empty()) return false;
  std::size_t low = 0;
  std::size_t high = kCommonPasswords.size();
  while (low < high) {  // both are at the start of a line
    std::size_t middle = low + (high - low) / 2;
    while (middle > low && kCommonPasswords[middle - 1] != '\n') --middle;
    const auto end = kCommonPasswords.find('\n', middle);
    const auto line = kCommonPasswords.substr(middle, end - middle);
    if (line == text) return true;
    if (line < text)
      low = end + 1;
    else
      high = middle;
  }
  return std::ranges::find(kKoreanWords, text) != kKoreanWords.end();
}

/// Whether two characters form a run: the same, next in the alphabet, or neighbours on the keyboard.
bool follows(char a, char b) {
  if (a == b || a + 1 == b || a - 1 == b) return true;
  return std::ranges::any_of(kKeyRows, [&](std::string_view row) {
    const auto at = row.find(a);
    const auto to = row.find(b);
    return at != row.npos && to != row.npos && (at + 1 == to || to + 1 == at);
  });
}

/// The number of runs in the text.
int pieces(std::string_view text) {
  int out = 1;
  for (std::size_t i = 1; i < text.size(); ++i) out += follows(text[i - 1], text[i]) ? 0 : 1;
  return out;
}

bool repeats(std::string_view text) {
  for (std::size_t size = 1; size <= kMaxPiece && size * 2 <= text.size(); ++size) {
    bool same = true;
    for (std::size_t i = size; i < text.size() && same; ++i) same = text[i] == text[i - size];
    if (same) return true;
  }
  return false;
}

}  // namespace

bool is_weak_password(std::string_view password, std::initializer_list<std::string_view> own) {
  const std::string text = unicode::lower(unicode::nfkc(password));
  const std::string keys = keys_of(text);
  for (const std::string_view one : {std::string_view(text), std::string_view(keys)}) {
    if (is_common(one) || is_common(stem(one)) || pieces(one) < kMinPieces || repeats(one)) return true;
  }
  return std::ranges::any_of(own, [&](std::string_view word) {
    const std::string like = unicode::lower(unicode::nfkc(word));
    if (unicode::points(like).size() < kMinOwn) return false;
    const std::string typed = keys_of(like);
    const auto same = [](std::string_view a, std::string_view b) {
      return a == b || (stem(a) == stem(b) && stem(a).size() >= kMinOwn);
    };
    return same(text, like) || same(keys, typed);
  });
}

}  // namespace ms::members
