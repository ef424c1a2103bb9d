#pragma once
#include <string>
#include <string_view>

namespace ms::unicode {

/// The letters of a name, without what is added to one: digits, signs (™, ①), letters set above or below the line, and
/// what stands in brackets.
std::string bare(std::string_view name);

}  // namespace ms::unicode
