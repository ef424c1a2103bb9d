#pragma once
#include <string_view>

namespace ms::decoding {

enum class Kind {
  picture,   ///< renditions are made
  document,  ///< its text is read
  other,     ///< for download only
};

struct MediaType {
  std::string_view name;
  Kind kind;
  std::string_view extension;  ///< with the dot, of a cleaned original; empty when there is none
};

/// What nothing is known of.
inline constexpr MediaType kUnknownType{"application/octet-stream", Kind::other, ""};
inline constexpr std::string_view kPlainText = "text/plain";

/// The types that files can have here. A browser runs none of them: HTML and SVG are plain text for download.
const MediaType* find_type(std::string_view name);

}  // namespace ms::decoding
