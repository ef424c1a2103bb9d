#pragma once
#include <optional>
#include <string>
#include <string_view>

// Removes what a picture says besides itself (EXIF with its GPS position, XMP, IPTC, comments, previews, bytes after
// its end), without decoding it: the picture stays bit for bit. What is not known to belong to the picture goes.
namespace ms::decoder {

/// A JPEG file. Orientation (1 to 8 of EXIF) is kept, because otherwise the picture would lie on its side. Nothing when
/// the file is broken.
std::optional<std::string> clean_jpeg(std::string_view bytes, int orientation);
std::optional<std::string> clean_png(std::string_view bytes);
std::optional<std::string> clean_webp(std::string_view bytes);
std::optional<std::string> clean_gif(std::string_view bytes);

}  // namespace ms::decoder
