#include "features/files/tus_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "infra/core/text.hpp"

namespace ms::files {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr unsigned kNone = 64;

constexpr std::array<unsigned char, 256> kDigits = [] {
  std::array<unsigned char, 256> out{};
  out.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    out[static_cast<unsigned char>(kAlphabet[i])] = static_cast<unsigned char>(i);
  }
  return out;
}();

/// RFC 4648 section 4, with its padding.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const unsigned digit = kDigits[static_cast<unsigned char>(c)];
    if (digit == kNone) return std::nullopt;
    bits = bits << 6 | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count);
    bits &= (1U << count) - 1;
  }
  if (bits != 0) return std::nullopt;
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) out += i <= three.size() ? kAlphabet[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  std::int64_t out = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [last, error] = std::from_chars(begin, end, out);
  if (error != std::errc() || last != end || text.starts_with('-')) return std::nullopt;
  return out;
}

std::optional<UploadMetadata> parse_metadata(std::string_view header) {
  UploadMetadata out;
  std::vector<std::string_view> keys;
  while (!header.empty()) {
    const std::string_view pair = header.substr(0, header.find(','));
    header.remove_prefix(std::min(pair.size() + 1, header.size()));
    const std::string_view trimmed = trim(pair);
    const std::string_view key = trimmed.substr(0, trimmed.find(' '));
    const auto value = decode_base64(trim(trimmed.substr(key.size())));
    if (key.empty() || !value || !valid_utf8(*value) || std::ranges::find(keys, key) != keys.end()) return std::nullopt;
    keys.push_back(key);
    if (key == "filename") out.filename = *value;
    if (key == "draft") out.draft = *value;
  }
  return out;
}

std::string format_metadata(std::string_view filename) { return "filename " + encode_base64(filename); }

}  // namespace ms::files
