#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "infra/decoding/media_type.hpp"

// What minschool-decoder writes and the Site reads: parts one after the other, each a line (name, width, height and
// size in bytes) and its bytes. The reader trusts nothing of it, because a hostile file may have taken the
// decoder over: at worst, what it says of this file is wrong.
namespace ms::decoding {

/// A file that was made of the file.
struct Part {
  std::string_view name;
  std::string_view bytes;
  int width = 0;  ///< in pixels, of pictures
  int height = 0;
};

enum class Refusal {
  none,
  broken,     ///< not what its type says, or cut off
  too_large,  ///< more pixels, pages or bytes than are decoded
  locked,     ///< only a password opens it
  too_slow,   ///< it took more than its time
  failed,     ///< the decoder ended in another way: a fault in it, or an attack on it
};

/// What the decoder says of a file.
struct Report {
  MediaType type = kUnknownType;
  Kind kind = Kind::other;  ///< of the type; other for markup, which is plain text for download
  Refusal refusal = Refusal::none;
  int width = 0;  ///< of a picture, as it is seen
  int height = 0;
  bool animated = false;
  int pages = 0;  ///< of a PDF
  bool text_is_cut = false;
};

/// The names of parts: renditions of a picture, "original.jpg" (.png, .webp, .gif) without metadata, squares of an
/// avatar, a picture of a document's first page, its text.
bool is_part_name(std::string_view name);

/// The parts as text.
std::string part_head(const Part& part);
/// The type, which comes first, so that it is known of a file that kills its decoder.
std::string type_part(const MediaType& type, Kind kind);
/// The end.
std::string report_part(const Report& report);

struct Parsed {
  Report report;
  std::vector<Part> parts;  ///< views of the output
  bool complete = false;    ///< the decoder came to its end
};

/// Reads what it wrote, as far as it is whole and known.
Parsed parse(std::string_view output);

}  // namespace ms::decoding
