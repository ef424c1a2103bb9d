#include "infra/markdown/mention.hpp"

#include <algorithm>
#include <charconv>

#include "infra/markdown/point.hpp"

namespace ms::markdown {
namespace {

constexpr std::size_t kMaxName = 40;  // characters: the longest name (30) and what is attached to it
constexpr std::size_t kIdDigits = 18;

/// The maximum extent of a name from `at` on, in bytes.
std::size_t name_size(std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t characters = 0;
  while (end < text.size() && characters++ < kMaxName) {
    const Point point = point_at(text, end);
    if (!is_letter(point.value)) break;
    end += point.size;
  }
  return end - at;
}

/// Whether a mention may start at `at`: no part of an address or a path precedes it. "담당=@김하늘", "-@김하늘", but
/// not "a.kr/@b".
bool may_begin(std::string_view text, std::size_t at) {
  constexpr std::u32string_view kSigns = U"/+-#&=_";
  const char32_t before = point_before(text, at);
  if (before == U'@' || is_ascii_letter(before)) return false;
  if (!kSigns.contains(before)) return true;
  const char32_t further = point_before(text, at - 1);
  return !is_ascii_letter(further) && !kSigns.contains(further) && further != U'.' && further != U'@';
}

bool is_ascii(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Finds "naver.com" of "ho**@naver.com".
bool is_domain(std::string_view name, std::string_view rest) {
  return rest.size() > 1 && rest[0] == '.' && is_ascii_letter(static_cast<unsigned char>(rest[1])) && is_ascii(name);
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

std::optional<MentionMatch> mention_at(std::string_view text, std::size_t at) {
  if (!may_begin(text, at)) return std::nullopt;
  const std::size_t size = name_size(text, at + 1);
  const std::string_view name = text.substr(at + 1, size);
  const std::string_view rest = text.substr(at + 1 + size);
  if (name.empty() || (rest.starts_with('@') && is_ascii(name)) || is_domain(name, rest)) return std::nullopt;
  MentionMatch match{at, 1 + size, {std::string(name), 0}};
  if (rest.starts_with('#')) {
    const char* digits = rest.data() + 1;
    const auto [stop, error] = std::from_chars(digits, digits + std::min(kIdDigits, rest.size() - 1), match.mention.id);
    if (error == std::errc() && match.mention.id > 0) {
      match.size += 1 + static_cast<std::size_t>(stop - digits);
    } else {
      match.mention.id = 0;
    }
  }
  return match;
}

}  // namespace ms::markdown
