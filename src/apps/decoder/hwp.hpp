#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "apps/decoder/compound.hpp"

// HWP 5.0, of Hancom's published description "한글 문서 파일 형식 5.0". The streams: FileHeader, PrvText and PrvImage
// (what the program shows in lists of files), BodyText/Section0 and so on.
namespace ms::decoder {

bool is_hwp(const CompoundFile& file);
/// A password is needed.
bool hwp_is_locked(const CompoundFile& file);
/// The text of all sections, or what PrvText has of it where they cannot be read.
std::string hwp_text(const CompoundFile& file);
/// PNG, GIF or BMP; nothing when there is none.
std::optional<std::string> hwp_picture(const CompoundFile& file);

/// The text in the records of a section, a line for a paragraph; also of records that are cut off or nonsense.
std::string section_text(std::string_view records);
/// Raw deflate data (RFC 1951), unpacked up to `limit` bytes; what can be read of broken data.
std::string inflate(std::string_view deflated, std::size_t limit);

}  // namespace ms::decoder
