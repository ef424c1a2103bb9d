#include "infra/markdown/mention.hpp"

#include <algorithm>
#include <charconv>

#include "infra/markdown/point.hpp"

namespace ms::markdown {
namespace {

constexpr std::size_t kMaxName = 40;  // characters: the longest name (30) and what hangs on it
constexpr std::size_t kIdDigits = 18;

/// How far a name goes from `at` on, in bytes; 0 for none, or one that is too long to be a name.
std::size_t name_size(std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t characters = 0;
  while (end < text.size()) {
    const Point point = point_at(text, end);
    if (!is_letter(point.value)) break;
    end += point.size;
    if (++characters > kMaxName) return 0;
  }
  return end - at;
}

/// Whether a mention may stand behind this one: it is no part of an address or a path.
bool stands_before(char32_t point) {
  constexpr std::u32string_view kAddress = U"@/+-#&=";
  return point >= 0x80 || (!is_letter(point) && !kAddress.contains(point));
}

/// "naver.com" of "ho**@naver.com".
bool is_domain(std::string_view name, std::string_view rest) {
  return rest.size() > 1 && rest[0] == '.' && is_ascii_letter(static_cast<unsigned char>(rest[1])) &&
         std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string mentionable(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const Point point = point_at(name, at);
    if (is_letter(point.value)) out.append(name, at, point.size);
    at += point.size;
  }
  return out;
}

std::optional<Spot> mention_at(std::string_view text, std::size_t at) {
  if (!stands_before(point_before(text, at))) return std::nullopt;
  const std::size_t size = name_size(text, at + 1);
  const std::string_view name = text.substr(at + 1, size);
  const std::string_view rest = text.substr(at + 1 + size);
  if (name.empty() || rest.starts_with('@') || is_domain(name, rest)) return std::nullopt;
  Spot spot{at, 1 + size, {std::string(name), 0}};
  if (rest.starts_with('#')) {
    const char* digits = rest.data() + 1;
    const auto [stop, error] = std::from_chars(digits, digits + std::min(kIdDigits, rest.size() - 1), spot.mention.id);
    if (error == std::errc() && spot.mention.id > 0) {
      spot.size += 1 + static_cast<std::size_t>(stop - digits);
    } else {
      spot.mention.id = 0;
    }
  }
  return spot;
}

}  // namespace ms::markdown
