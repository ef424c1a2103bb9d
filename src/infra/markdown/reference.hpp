#pragma once
#include <optional>
#include <string_view>

namespace ms::markdown {

/// The character that "&name;" or "&#123;" (without "&" and ";") stands for. Of names only those that office programs
/// and editors leave in a text; never a control or format character: the others are shown as they were typed.
std::optional<char32_t> referenced(std::string_view name);

}  // namespace ms::markdown
