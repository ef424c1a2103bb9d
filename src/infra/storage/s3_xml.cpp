#include "infra/storage/s3_xml.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace ms::storage::s3 {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};

/// The letter of "amp" or "#34"; zero for one that S3 does not send.
char letter_of(std::string_view entity) {
  for (const auto& [name, letter] : kEntities) {
    if (entity == name) return letter;
  }
  if (!entity.starts_with('#')) return 0;
  entity.remove_prefix(1);
  const bool is_hex = entity.starts_with('x');
  if (is_hex) entity.remove_prefix(1);
  constexpr int kHex = 16;
  constexpr int kDecimal = 10;
  constexpr int kLastAscii = 127;
  int number = 0;
  std::from_chars(entity.data(), entity.data() + entity.size(), number, is_hex ? kHex : kDecimal);
  return number > 0 && number <= kLastAscii ? static_cast<char>(number) : char{0};
}

std::string resolve(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto begin = text.find('&');
    out += text.substr(0, begin);
    if (begin == text.npos) break;
    text.remove_prefix(begin + 1);
    const auto end = text.find(';');
    const char letter = end == text.npos ? char{0} : letter_of(text.substr(0, end));
    if (letter == 0) {
      out += '&';
      continue;
    }
    out += letter;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::optional<std::string_view> next_element(std::string_view& rest, std::string_view name) {
  const std::string open = "<" + std::string(name);
  const std::string close = "</" + std::string(name) + ">";
  for (auto at = rest.find(open); at != rest.npos; at = rest.find(open, at + 1)) {
    const auto end_of_tag = rest.find('>', at);
    if (end_of_tag == rest.npos) break;
    const std::string_view tag = rest.substr(at + open.size(), end_of_tag - at - open.size());
    if (!tag.empty() && tag.front() != ' ' && tag.front() != '/') continue;  // a longer name
    if (tag.ends_with('/')) {
      rest.remove_prefix(end_of_tag + 1);
      return std::string_view();
    }
    const auto end = rest.find(close, end_of_tag);
    if (end == rest.npos) break;
    const std::string_view content = rest.substr(end_of_tag + 1, end - end_of_tag - 1);
    rest.remove_prefix(end + close.size());
    return content;
  }
  rest = {};
  return std::nullopt;
}

std::string text_of(std::string_view xml, std::string_view name) {
  return resolve(next_element(xml, name).value_or(std::string_view()));
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    std::string_view entity;
    for (const auto& [name, letter] : kEntities) {
      if (letter == c) entity = name;
    }
    if (entity.empty()) {
      out += c;
    } else {
      out.append("&").append(entity).append(";");
    }
  }
  return out;
}

}  // namespace ms::storage::s3
