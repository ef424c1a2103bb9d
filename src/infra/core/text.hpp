#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ms {

/// Whether the text is well-formed UTF-8 (Unicode 15, table 3-7) without NUL.
bool valid_utf8(std::string_view text);
/// The number of code points; `text` must be valid UTF-8.
std::size_t code_points(std::string_view text);
/// The text without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);
/// Whether the text contains DEL or a C0 control other than tab, CR and LF.
bool has_control(std::string_view text);
/// At most `limit` code points, with "…" where the text was cut.
std::string shorten(std::string_view text, std::size_t limit);
/// "1,204": digits in groups of three.
std::string grouped(std::int64_t number);
/// The text with ASCII letters in lower case.
std::string ascii_lower(std::string_view text);

/// Hash for maps with std::string keys that are searched with a string_view.
struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

}  // namespace ms
