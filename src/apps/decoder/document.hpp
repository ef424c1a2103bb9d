#pragma once
#include <string_view>

#include "apps/decoder/output.hpp"

namespace ms::decoder {

/// Writes the text of a document, at most 2 MB, and a picture of its first page where there is one; fills pages,
/// text_is_cut and refusal.
void prepare_document(const decoding::MediaType& type, std::string_view bytes, Output& output,
                      decoding::Report& report);

}  // namespace ms::decoder
