#include "infra/view/out.hpp"

#include <algorithm>
#include <array>

namespace ms::view {
namespace {

// Each byte's escape in HTML text, as an index into kEscapes; 0: the byte itself.
constexpr auto kEscapeOf = [] {
  std::array<unsigned char, 256> table{};
  table['&'] = 1;
  table['<'] = 2;
  table['>'] = 3;
  table['"'] = 4;
  table['\''] = 5;
  return table;
}();
constexpr std::array<std::string_view, 6> kEscapes{"", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

unsigned char escape_of(char c) { return kEscapeOf[static_cast<unsigned char>(c)]; }

// Most text needs no escaping. Without a branch per byte, this test costs two instructions a byte.
bool has_escaped(std::string_view value) {
  unsigned char any = 0;
  for (const char c : value) any |= escape_of(c);
  return any != 0;
}

bool has_control(std::string_view value) {
  unsigned char any = 0;
  for (const char c : value) {
    any |= static_cast<unsigned char>((static_cast<unsigned char>(c) < 0x20) | (c == 0x7f));
  }
  return any != 0;
}

// RFC 3986 2.3: the characters that are never percent-encoded.
constexpr auto kUnreserved = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool begins_with_ignoring_case(std::string_view value, std::string_view lower) {
  return value.size() >= lower.size() && std::ranges::equal(value.substr(0, lower.size()), lower, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

// Browsers drop tabs and newlines inside a URL and read \ as /, so "/\t/host" and "/\host" would lead to another site.
bool safe_url(std::string_view value) {
  if (value.empty() || has_control(value)) return false;
  if (value[0] == '?' || value[0] == '#') return true;
  if (value[0] == '/') return value.size() == 1 || (value[1] != '/' && value[1] != '\\');
  return std::ranges::any_of(std::array<std::string_view, 4>{"http://", "https://", "mailto:", "tel:"},
                             [&](std::string_view scheme) { return begins_with_ignoring_case(value, scheme); });
}

}  // namespace

void Out::text(std::string_view value) {
  if (!has_escaped(value)) return append(value);
  std::size_t done = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const unsigned char escape = escape_of(value[i]);
    if (escape == 0) continue;
    append(value.substr(done, i - done));
    append(kEscapes[escape]);
    done = i + 1;
  }
  append(value.substr(done));
}

void Out::grow(std::size_t more) {
  buffer_.resize_and_overwrite(std::max(2 * buffer_.size(), size_ + more),
                               [](char*, std::size_t size) { return size; });
}

void Out::url(std::string_view value) { text(safe_url(value) ? value : "#"); }

void Out::url_part(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::size_t done = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    if (kUnreserved[byte]) continue;
    append(value.substr(done, i - done));
    const std::array<char, 3> escape{'%', kHex[byte >> 4], kHex[byte & 15]};
    append({escape.data(), escape.size()});
    done = i + 1;
  }
  append(value.substr(done));
}

}  // namespace ms::view
