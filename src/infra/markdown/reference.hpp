#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace ms::markdown {

struct Reference {
  char32_t value;    ///< the character that it represents
  std::size_t size;  ///< in bytes, from "&" to ";"
};

/// The reference "&name;" or "&#123;" at `at`. Only names that office programs and editors leave in texts, and never a
/// control or format character: all others are shown as they were typed.
std::optional<Reference> reference_at(std::string_view text, std::size_t at);

}  // namespace ms::markdown
