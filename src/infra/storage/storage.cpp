#include "infra/storage/storage.hpp"

#include <algorithm>
#include <ranges>

#include "infra/core/text.hpp"

namespace ms::storage {

bool is_valid_key(std::string_view key) {
  constexpr std::size_t kMaxKeyBytes = 512;
  constexpr std::size_t kMaxSegmentBytes = 200;
  const auto is_valid_segment = [](auto segment) {
    const std::string_view text(segment);
    return !text.empty() && text.size() <= kMaxSegmentBytes && !text.starts_with('.');
  };
  return !key.empty() && key.size() <= kMaxKeyBytes && valid_utf8(key) && !key.contains('\\') &&
         std::ranges::none_of(key, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }) &&
         std::ranges::all_of(std::views::split(key, '/'), is_valid_segment);
}

bool is_valid_partial_id(std::string_view id) {
  constexpr std::size_t kMaxIdBytes = 64;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !id.empty() && id.size() <= kMaxIdBytes && id.find_first_not_of(kLetters) == id.npos;
}

}  // namespace ms::storage
