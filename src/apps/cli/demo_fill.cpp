#include "apps/cli/demo_fill.hpp"

#include <array>

#include "apps/cli/command.hpp"

namespace ms::cli::demo {
namespace {

// Unicode 15, section 3.12: a Hangul syllable is 0xAC00 + (lead * 21 + vowel) * 28 + final consonant.
constexpr unsigned kFirstSyllable = 0xAC00;
constexpr unsigned kLastSyllable = 0xD7A3;
constexpr unsigned kFinals = 28;
constexpr unsigned kFinalRieul = 8;  // takes 로, not 으로

/// The final consonant of the last Hangul syllable; 0 for none.
unsigned last_final(std::string_view word) {
  unsigned found = 0;
  for (std::size_t i = 0; i + 2 < word.size(); ++i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(word[i + at]); };
    if ((byte(0) & 0xf0U) != 0xe0U) continue;
    const unsigned point = (byte(0) & 0x0fU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
    if (point >= kFirstSyllable && point <= kLastSyllable) found = (point - kFirstSyllable) % kFinals;
  }
  return found;
}

std::string_view particle(std::string_view word, std::string_view closed) {
  struct Pair {
    std::string_view closed, open;
  };
  constexpr std::array kPairs{Pair{"을", "를"}, Pair{"은", "는"}, Pair{"이", "가"}, Pair{"과", "와"},
                              Pair{"으로", "로"}};
  for (const Pair& pair : kPairs) {
    if (pair.closed != closed) continue;
    const unsigned final = last_final(word);
    return final == 0 || (closed == "으로" && final == kFinalRieul) ? pair.open : pair.closed;
  }
  throw Failure("demo: \"" + std::string(closed) + "\" is not a particle that can be chosen");
}

}  // namespace

std::string fill(std::string_view text, const WordValues& words) {
  std::string out;
  while (true) {
    const auto begin = text.find('{');
    const auto end = text.find('}', begin);
    out += text.substr(0, begin);
    if (begin == text.npos || end == text.npos) return out;
    const auto inside = text.substr(begin + 1, end - begin - 1);
    const auto colon = inside.find(':');
    const auto word = words.find(inside.substr(0, colon));
    if (word == words.end()) throw Failure("demo: nothing is known for {" + std::string(inside) + "}");
    out += word->second;
    if (colon != inside.npos) out += particle(word->second, inside.substr(colon + 1));
    text.remove_prefix(end + 1);
  }
}

}  // namespace ms::cli::demo
