#include "infra/decoding/media_type.hpp"

#include <algorithm>
#include <array>

namespace ms::decoding {
namespace {

constexpr std::array kTypes{
    kUnknownType,
    MediaType{"image/jpeg", Kind::picture, ".jpg"},
    MediaType{"image/png", Kind::picture, ".png"},
    MediaType{"image/webp", Kind::picture, ".webp"},
    MediaType{"image/gif", Kind::picture, ".gif"},
    MediaType{"image/heic", Kind::picture, ".jpg"},
    MediaType{"image/avif", Kind::picture, ".jpg"},
    MediaType{kPlainText, Kind::document, ""},
    MediaType{"application/pdf", Kind::document, ""},
    MediaType{"application/x-hwp", Kind::document, ""},
    MediaType{"application/hwp+zip", Kind::document, ""},
    MediaType{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", Kind::document, ""},
    MediaType{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Kind::document, ""},
    MediaType{"application/vnd.openxmlformats-officedocument.presentationml.presentation", Kind::document, ""},
    MediaType{"application/msword", Kind::other, ""},
    MediaType{"application/vnd.ms-excel", Kind::other, ""},
    MediaType{"application/vnd.ms-powerpoint", Kind::other, ""},
    MediaType{"application/zip", Kind::other, ""},
    MediaType{"audio/mpeg", Kind::other, ""},
    MediaType{"audio/x-m4a", Kind::other, ""},
    MediaType{"video/mp4", Kind::other, ""},
    MediaType{"video/quicktime", Kind::other, ""},
};

}  // namespace

const MediaType* find_type(std::string_view name) {
  const auto* const found = std::ranges::find(kTypes, name, &MediaType::name);
  return found == kTypes.end() ? nullptr : found;
}

}  // namespace ms::decoding
