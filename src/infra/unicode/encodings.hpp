#pragma once
#include <optional>
#include <string>
#include <string_view>

// Texts of files in the encodings that Korean programs write, as UTF-8. Any thread may call.
namespace ms::unicode {

/// UTF-16 in little-endian order; what is no UTF-16 becomes U+FFFD.
std::string from_utf16(std::string_view bytes);
/// CP949, of which EUC-KR is a part; nothing when the bytes are no CP949.
std::optional<std::string> from_cp949(std::string_view bytes);
/// A text file: UTF-8, UTF-16 with a byte order mark, or CP949; without the mark. Nothing when it is none of them, or
/// has control characters that no text has.
std::optional<std::string> from_text_file(std::string_view bytes);

}  // namespace ms::unicode
