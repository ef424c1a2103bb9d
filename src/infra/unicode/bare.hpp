#pragma once
#include <string>
#include <string_view>

namespace ms::unicode {

/// The letters of a name without additions: digits, signs (™, ①), superscript and subscript letters, and text in
/// brackets.
std::string bare(std::string_view name);

}  // namespace ms::unicode
