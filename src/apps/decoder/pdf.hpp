#pragma once
#include <string_view>

#include "infra/decoding/parts.hpp"

namespace ms::decoder {

/// Loads the types of poppler, which needs them later.
void start_poppler();

/// The text of the pages, the first 500 at most; fills pages and refusal.
std::string pdf_text(std::string_view bytes, decoding::Report& report);

}  // namespace ms::decoder
