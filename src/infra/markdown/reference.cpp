#include "infra/markdown/reference.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "infra/markdown/point.hpp"

namespace ms::markdown {
namespace {

struct NamedReference {
  std::string_view name;
  char32_t value;
};
constexpr std::array<NamedReference, 26> kNamed = {
    {{"amp", U'&'},    {"lt", U'<'},     {"gt", U'>'},    {"quot", U'"'},   {"apos", U'\''}, {"nbsp", 0xA0},
     {"middot", U'·'}, {"hellip", U'…'}, {"ndash", U'–'}, {"mdash", U'—'},  {"lsquo", U'‘'}, {"rsquo", U'’'},
     {"ldquo", U'“'},  {"rdquo", U'”'},  {"times", U'×'}, {"divide", U'÷'}, {"deg", U'°'},   {"plusmn", U'±'},
     {"copy", U'©'},   {"reg", U'®'},    {"trade", U'™'}, {"larr", U'←'},   {"rarr", U'→'},  {"uarr", U'↑'},
     {"darr", U'↓'},   {"bull", U'•'}}};

constexpr std::size_t kMaxReference = 24;  // bytes between "&" and ";"

std::optional<char32_t> referenced(std::string_view name) {
  if (!name.starts_with('#')) {
    const auto found = std::ranges::find(kNamed, name, &NamedReference::name);
    return found == kNamed.end() ? std::nullopt : std::optional(found->value);
  }
  name.remove_prefix(1);
  const bool hex = name.starts_with('x') || name.starts_with('X');
  if (hex) name.remove_prefix(1);
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), value, hex ? 16 : 10);
  if (error != std::errc() || stop != name.data() + name.size()) return std::nullopt;
  const bool letter =
      (U' ' < value && value < 0x7F) || is_letter(value) || opens(value) || closes(value) || is_neutral(value);
  return letter ? std::optional(static_cast<char32_t>(value)) : std::nullopt;
}

}  // namespace

std::optional<Reference> reference_at(std::string_view text, std::size_t at) {
  const std::size_t size = text.substr(at + 1, kMaxReference).find(';');
  if (size == text.npos) return std::nullopt;
  const auto value = referenced(text.substr(at + 1, size));
  return value ? std::optional(Reference{*value, size + 2}) : std::nullopt;
}

}  // namespace ms::markdown
