#include "infra/markdown/particle.hpp"

#include <algorithm>
#include <array>

#include "infra/markdown/point.hpp"

namespace ms::markdown {
namespace {

constexpr std::array<std::string_view, 40> kWhole = {
    "에서",   "에",     "에게",   "를",     "을",     "로",     "으로",   "는",   "은",   "가",
    "이",     "와",     "과",     "도",     "의",     "만",     "부터",   "까지", "보다", "처럼",
    "라고",   "이라고", "입니다", "이고",   "이며",   "에서는", "에서도", "에는", "에도", "로는",
    "에서만", "에서의", "로도",   "으로는", "으로만", "로만",   "인데",   "이니", "라는", "이라는"};
constexpr std::array<std::string_view, 17> kOneSyllable = {"에", "를", "을", "로", "는", "은", "가", "이", "와",
                                                           "과", "도", "의", "만", "님", "랑", "나", "요"};
constexpr std::array<std::string_view, 41> kLonger = {
    "에서", "에게", "에는", "에도",   "으로", "로는", "로도", "로만", "부터", "까지", "보다", "처럼", "라고", "라는",
    "이라", "입니", "이고", "이며",   "이다", "이나", "이니", "인데", "이에", "이었", "예요", "께서", "한테", "하고",
    "하는", "하기", "하세", "합니다", "해요", "했습", "됩니", "되는", "이랑", "님께", "님의", "님은", "님이"};
constexpr std::array<std::string_view, 19> kCounters = {"년",   "월",   "일",   "호",   "차",    "회",   "기",
                                                        "주",   "반",   "과",   "장",   "편",    "학년", "학기",
                                                        "년도", "분기", "단계", "교시", "학년도"};

bool is_one_of(const auto& list, std::string_view word) { return std::ranges::find(list, word) != list.end(); }

}  // namespace

std::string_view word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) {
    const Point point = point_at(text, end);
    if (!is_letter(point.value)) break;
    end += point.size;
  }
  return text.substr(at, end - at);
}

bool is_particle(std::string_view text, std::size_t at) { return is_one_of(kWhole, word_at(text, at)); }

bool is_counter(std::string_view text, std::size_t at) { return is_one_of(kCounters, word_at(text, at)); }

bool begins_with_particle(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (std::ranges::any_of(kLonger, [&](std::string_view one) { return rest.starts_with(one); })) return true;
  return is_one_of(kOneSyllable, word_at(text, at));
}

}  // namespace ms::markdown
