#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace ms::markdown {

struct Reference {
  char32_t value;    ///< the character that it stands for
  std::size_t size;  ///< in bytes, from "&" to ";"
};

/// "&name;" or "&#123;" at `at`. Of names only those that office programs and editors leave in a text; never a control
/// or format character: the others are shown as they were typed.
std::optional<Reference> reference_at(std::string_view text, std::size_t at);

}  // namespace ms::markdown
