#pragma once
#include <string>
#include <string_view>

#include "apps/decoder/output.hpp"

// Pictures by libvips: decoded, turned upright, converted to sRGB, without metadata.
namespace ms::decoder {

/// Starts libvips with the loaders of the types of the table and no other. Loads what is out of reach later.
void start_vips();

/// Writes the renditions and fills width, height, animated and refusal.
void prepare_picture(const decoding::MediaType& type, std::string_view bytes, Output& output, decoding::Report& report);
/// The same with squares of 64 and 256 pixels.
void prepare_avatar(std::string_view bytes, Output& output, decoding::Report& report);
/// A picture that a document has in it, or the first page of a PDF. Nothing is written when it cannot be decoded.
void prepare_preview(std::string_view bytes, Output& output);

}  // namespace ms::decoder
