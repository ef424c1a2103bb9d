#include "apps/decoder/vips_image.hpp"

#include <algorithm>
#include <array>

#include "apps/decoder/metadata.hpp"

namespace ms::decoder {
namespace {

constexpr int kWebpQuality = 80;
// Effort of 0..6. For a large picture 3 takes twice as long as 2 (0.2 s of a photograph's 12 megapixels), and saves 7
// %.
constexpr int kWebpEffort = 4;
constexpr int kLargeWebpEffort = 2;
constexpr int kLargeWidth = 1200;
constexpr int kJpegQuality = 88;

/// libvips reads from memory that it does not change.
void* data_of(std::string_view bytes) { return const_cast<char*>(bytes.data()); }

/// Owns what an operation made; null when it failed.
Image taken(int result, VipsImage* image) { return Image(result == 0 ? image : nullptr); }

/// Its head is read, not its pixels.
Image open(std::string_view bytes) {
  return Image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr));
}

/// Takes away what the file said besides its pixels; colours are sRGB by then.
void remove_metadata(VipsImage* image) {
  constexpr std::array<std::string_view, 6> kKept{VIPS_META_PAGE_HEIGHT, VIPS_META_N_PAGES, "delay", "loop",
                                                  "background",          "gif-palette"};
  const std::unique_ptr<char*, decltype(&g_strfreev)> fields(vips_image_get_fields(image), g_strfreev);
  for (char** field = fields.get(); *field != nullptr; ++field) {
    if (std::ranges::find(kKept, std::string_view(*field)) == kKept.end()) vips_image_remove(image, *field);
  }
}

/// Runs the pipeline: here decoding happens, and its errors.
Image in_memory(const Image& image) {
  Image out(image ? vips_image_copy_memory(image.get()) : nullptr);
  if (out) remove_metadata(out.get());
  return out;
}

bool has_profile(std::string_view bytes) {
  const Image image = open(bytes);
  return image && vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0;
}

std::string text_of(int result, void* data, std::size_t size) {
  if (result != 0) return {};
  std::string out(static_cast<const char*>(data), size);
  g_free(data);
  return out;
}

}  // namespace

bool read_head(std::string_view bytes, Head& head) {
  const Image image = open(bytes);
  if (!image) return false;
  head.width = vips_image_get_width(image.get());
  head.height = vips_image_get_height(image.get());
  head.frames = vips_image_get_n_pages(image.get());
  head.orientation = vips_image_get_orientation(image.get());
  if (vips_image_get_orientation_swap(image.get())) std::swap(head.width, head.height);
  return true;
}

Image load(std::string_view bytes, int width, int frames) {
  VipsImage* out = nullptr;
  // Without a profile it is sRGB already; a null name ends the list of options.
  const char* const convert = has_profile(bytes) ? "export_profile" : nullptr;
  const char* const options = frames == 1 ? "fail_on=error" : "fail_on=error,n=-1";
  const int result = vips_thumbnail_buffer(data_of(bytes), bytes.size(), &out, width, "height", kMaxSide, "size",
                                           VIPS_SIZE_DOWN, "option_string", options, convert, "srgb", nullptr);
  return in_memory(taken(result, out));
}

Image load_page(std::string_view bytes, int width) {
  VipsImage* out = nullptr;
  const int result = vips_thumbnail_buffer(data_of(bytes), bytes.size(), &out, width, "height", 2 * width, nullptr);
  const Image page = taken(result, out);
  if (!page) return nullptr;
  constexpr double kWhite = 255;
  VipsArrayDouble* const white = vips_array_double_newv(1, kWhite);
  VipsImage* flat = nullptr;
  const int flattened = vips_flatten(page.get(), &flat, "background", white, nullptr);
  vips_area_unref(VIPS_AREA(white));
  return in_memory(taken(flattened, flat));
}

Image load_whole(std::string_view bytes) { return load(bytes, VIPS_MAX_COORD, 1); }

Image shrink(const Image& image, int width) {
  VipsImage* out = nullptr;
  const int result =
      vips_thumbnail_image(image.get(), &out, width, "height", kMaxSide, "size", VIPS_SIZE_DOWN, nullptr);
  return in_memory(taken(result, out));
}

Image square(const Image& image, int side) {
  const int most = std::min({side, vips_image_get_width(image.get()), vips_image_get_height(image.get())});
  VipsImage* out = nullptr;
  const int result =
      vips_thumbnail_image(image.get(), &out, most, "height", most, "crop", VIPS_INTERESTING_CENTRE, nullptr);
  return in_memory(taken(result, out));
}

std::string webp(const Image& image) {
  const int effort = vips_image_get_width(image.get()) > kLargeWidth ? kLargeWebpEffort : kWebpEffort;
  void* data = nullptr;
  std::size_t size = 0;
  const int result = vips_webpsave_buffer(image.get(), &data, &size, "Q", kWebpQuality, "effort", effort, nullptr);
  // libvips 8.14 writes an EXIF of its own, and its option that should prevent it does nothing.
  return clean_webp(text_of(result, data, size)).value_or("");
}

std::string jpeg(const Image& image) {
  void* data = nullptr;
  std::size_t size = 0;
  const int result = vips_jpegsave_buffer(image.get(), &data, &size, "Q", kJpegQuality, "strip", TRUE, nullptr);
  return text_of(result, data, size);
}

int frame_height(const Image& image) { return vips_image_get_page_height(image.get()); }

}  // namespace ms::decoder
