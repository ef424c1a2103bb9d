#include "infra/view/out.hpp"

#include <algorithm>
#include <array>

namespace ms::view {
namespace {

// The replacement of each byte in HTML text; empty means that it stands as it is.
constexpr auto kEscapes = [] {
  std::array<std::string_view, 256> table{};
  table['&'] = "&amp;";
  table['<'] = "&lt;";
  table['>'] = "&gt;";
  table['"'] = "&quot;";
  table['\''] = "&#39;";
  return table;
}();

// RFC 3986 2.3: what never needs a percent sign.
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

// Browsers drop tabs and newlines inside a URL and read \ as /, so "/\t/host" and "/\host" would leave this site.
bool safe_url(std::string_view value) {
  if (value.empty()) return false;
  if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return false;
  if (value[0] == '?' || value[0] == '#') return true;
  if (value[0] == '/') return value.size() == 1 || (value[1] != '/' && value[1] != '\\');
  return std::ranges::any_of(std::array<std::string_view, 4>{"http://", "https://", "mailto:", "tel:"},
                             [&](std::string_view scheme) { return begins_with_ignoring_case(value, scheme); });
}

}  // namespace

void Out::text(std::string_view value) {
  // Most text has nothing to escape, so whole stretches are copied at once.
  std::size_t done = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string_view escape = kEscapes[static_cast<unsigned char>(value[i])];
    if (escape.empty()) continue;
    buffer_.append(value, done, i - done).append(escape);
    done = i + 1;
  }
  buffer_.append(value, done);
}

void Out::url(std::string_view value) { text(safe_url(value) ? value : "#"); }

void Out::url_part(std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (kUnreserved[byte]) {
      buffer_ += c;
    } else {
      buffer_ += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

}  // namespace ms::view
