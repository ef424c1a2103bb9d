#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ms {

/// True when every byte belongs to a well-formed UTF-8 sequence (Unicode 15, table 3-7) and none is NUL.
bool valid_utf8(std::string_view text);
/// Number of code points; `text` must be valid UTF-8.
std::size_t code_points(std::string_view text);
/// Without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);
/// True when a C0 control other than tab, CR and LF, or DEL, is in the text.
bool has_control(std::string_view text);
/// At most `limit` code points, with "…" where something was cut.
std::string shorten(std::string_view text, std::size_t limit);
/// "1,204": digits in groups of three.
std::string grouped(std::int64_t number);
/// ASCII letters in lower case, the rest as it is.
std::string ascii_lower(std::string_view text);

/// For maps with std::string for keys that are asked with a string_view.
struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

}  // namespace ms
