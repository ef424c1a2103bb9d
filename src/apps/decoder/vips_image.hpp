#pragma once
#include <vips/vips.h>

#include <memory>
#include <string>
#include <string_view>

namespace ms::decoder {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
/// Null when an operation failed.
using Image = std::unique_ptr<VipsImage, Unref>;

/// The largest side that WebP has.
constexpr int kMaxSide = 16'383;

/// What a file says of itself, before its pixels are decoded.
struct Head {
  int width = 0;  ///< as it is seen, upright
  int height = 0;
  int frames = 1;
  int orientation = 1;
};

/// False when the file is broken, or is none of the types that are loaded.
bool read_head(std::string_view bytes, Head& head);

/// Decodes and shrinks to at most `width`, never enlarges, in memory and sRGB. `frames` is 1 or all (-1).
Image load(std::string_view bytes, int width, int frames);
/// The first page of a PDF, on white.
Image load_page(std::string_view bytes, int width);
/// All pixels, upright.
Image load_whole(std::string_view bytes);

Image shrink(const Image& image, int width);
/// The middle, in a square of at most `side`.
Image square(const Image& image, int side);

/// Empty when it failed. `animated` images have pages.
std::string webp(const Image& image);
std::string jpeg(const Image& image);

/// The height of one frame.
int frame_height(const Image& image);

}  // namespace ms::decoder
