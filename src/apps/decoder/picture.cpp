#include "apps/decoder/picture.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "apps/decoder/metadata.hpp"
#include "apps/decoder/vips_image.hpp"

namespace ms::decoder {
namespace {

using decoding::MediaType;
using decoding::Refusal;
using decoding::Report;

constexpr std::int64_t kMaxPixels = 50'000'000;
constexpr int kMaxSourceSide = 30'000;
constexpr std::size_t kMaxBytes = 128 << 20;
constexpr std::int64_t kMaxAnimatedPixels = 60'000'000;  // of all frames; a longer animation stands still
constexpr int kMaxFrames = 300;
constexpr int kPreviewWidth = 960;
constexpr int kAnimatedWidth = 960;
constexpr int kThumbSide = 320;  // shown with 160 on screens with two pixels for one

struct Rendition {
  std::string_view name;
  int width;
};
constexpr Rendition kLarge{"large.webp", 1920};
constexpr Rendition kPage{"page.webp", 960};
constexpr Rendition kCard{"card.webp", 480};
constexpr std::string_view kThumb = "thumb.webp";

std::int64_t pixels_of(const Head& head) { return std::int64_t{head.width} * head.height; }

Refusal refusal_of(std::string_view bytes, Head& head) {
  if (bytes.size() > kMaxBytes) return Refusal::too_large;
  if (!read_head(bytes, head)) return Refusal::broken;
  const bool large = pixels_of(head) > kMaxPixels || std::max(head.width, head.height) > kMaxSourceSide;
  return large ? Refusal::too_large : Refusal::none;
}

bool write_webp(std::string_view name, const Image& image, Output& output) {
  if (!image) return false;
  const std::string bytes = webp(image);
  if (bytes.empty()) return false;
  output.part({name, bytes, vips_image_get_width(image.get()), frame_height(image)});
  return true;
}

/// The widths of srcset, each made of the next larger one. What would be as wide as another one is left out: nothing
/// is enlarged.
bool write_renditions(Image image, int source_width, Output& output) {
  for (const Rendition& rendition : {kLarge, kPage, kCard}) {
    const bool is_smallest = rendition.width == kCard.width;
    const int smaller = rendition.width / 2;
    if (source_width <= smaller && !is_smallest) continue;
    if (vips_image_get_width(image.get()) > rendition.width) image = shrink(image, rendition.width);
    if (!image || !write_webp(rendition.name, image, output)) return false;
  }
  return write_webp(kThumb, square(image, kThumbSide), output);
}

bool is_animated(const MediaType& type, const Head& head) {
  const bool may_be = type.name == "image/gif" || type.name == "image/webp";
  return may_be && head.frames > 1 && head.frames <= kMaxFrames && pixels_of(head) * head.frames <= kMaxAnimatedPixels;
}

/// It moves on the page; in lists it stands still.
bool write_animation(std::string_view bytes, Output& output) {
  if (!write_webp(kPage.name, load(bytes, kAnimatedWidth, -1), output)) return false;
  const Image first = load(bytes, kCard.width, 1);
  return write_webp(kCard.name, first, output) && write_webp(kThumb, square(first, kThumbSide), output);
}

/// What members may download: the same pixels without metadata, or, where the format does not let that be taken
/// away (HEIC, AVIF), written again.
bool write_original(const MediaType& type, std::string_view bytes, const Head& head, bool may_decode, Output& output) {
  std::optional<std::string> clean;
  if (type.name == "image/jpeg") clean = clean_jpeg(bytes, head.orientation);
  if (type.name == "image/png") clean = clean_png(bytes);
  if (type.name == "image/webp") clean = clean_webp(bytes);
  if (type.name == "image/gif") clean = clean_gif(bytes);
  if (clean) {
    const std::string name = "original" + std::string(type.extension);
    output.part({name, *clean, head.width, head.height});
    return true;
  }
  if (!may_decode) return false;
  const Image image = load_whole(bytes);
  const std::string again = image ? jpeg(image) : std::string();
  if (!again.empty()) output.part({"original.jpg", again, head.width, head.height});
  return !again.empty();
}

void begin_report(const Head& head, Report& report) {
  report.width = head.width;
  report.height = head.height;
}

}  // namespace

void start_vips() {
  ::setenv("VIPS_NOVECTOR", "1", 1);  // vectors are code that is compiled at run time, which is forbidden here
  if (vips_init("minschool-decoder") != 0) throw std::runtime_error("libvips cannot be started");
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* loader : {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif",
                             "VipsForeignLoadHeif", "VipsForeignLoadPdf"}) {
    vips_operation_block_set(loader, FALSE);
  }
}

void prepare_picture(const MediaType& type, std::string_view bytes, Output& output, Report& report) {
  Head head;
  report.refusal = refusal_of(bytes, head);
  begin_report(head, report);
  // A picture that is too large to be decoded can be downloaded nevertheless.
  if (report.refusal == Refusal::too_large) write_original(type, bytes, head, false, output);
  if (report.refusal != Refusal::none) return;
  report.animated = is_animated(type, head);
  bool fine = false;
  if (report.animated) {
    fine = write_animation(bytes, output);
  } else {
    Image image = load(bytes, kLarge.width, 1);
    fine = image && write_renditions(std::move(image), head.width, output);
  }
  if (!fine || !write_original(type, bytes, head, true, output)) report.refusal = Refusal::broken;
}

void prepare_avatar(std::string_view bytes, Output& output, Report& report) {
  constexpr int kLargeSide = 256, kSmallSide = 64;
  Head head;
  report.refusal = refusal_of(bytes, head);
  begin_report(head, report);
  if (report.refusal != Refusal::none) return;
  const int shorter = std::min(head.width, head.height);
  // So wide that the shorter side is enough for the larger square.
  const int width =
      shorter > kLargeSide ? static_cast<int>(std::int64_t{head.width} * kLargeSide / shorter) + 1 : kMaxSide;
  const Image image = load(bytes, width, 1);
  const Image large = image ? square(image, kLargeSide) : nullptr;
  const bool fine =
      write_webp("avatar-256.webp", large, output) && write_webp("avatar-64.webp", square(large, kSmallSide), output);
  if (!fine) report.refusal = Refusal::broken;
}

void prepare_preview(std::string_view bytes, Output& output) {
  constexpr std::string_view kPdf = "%PDF";
  constexpr std::string_view kName = "preview.webp";
  if (bytes.starts_with(kPdf)) {
    write_webp(kName, load_page(bytes, kPreviewWidth), output);
    return;
  }
  Head head;
  if (refusal_of(bytes, head) == Refusal::none) write_webp(kName, load(bytes, kPreviewWidth, 1), output);
}

}  // namespace ms::decoder
