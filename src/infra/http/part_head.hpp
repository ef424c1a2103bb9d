#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/http/multipart.hpp"

namespace ms::http {

/// The value of a parameter of a header such as Content-Type or Content-Disposition.
struct Parameter {
  std::string name;  ///< in lower case
  std::string value;
};

/// The value before the first ';', in lower case, and the parameters after it (RFC 9110 5.6.6). parse() returns nullopt
/// for any other text. In a quoted value a backslash escapes only itself and the quote, because browsers send others
/// unescaped.
struct ParameterizedHeader {
  std::string value;
  std::vector<Parameter> parameters;

  static std::optional<ParameterizedHeader> parse(std::string_view text);
  /// The only parameter of that name; nullptr when there is none or more than one.
  const std::string* find(std::string_view name) const noexcept;
};

/// Parses the header lines of one part, without the empty line after them. nullopt when they are malformed, or lack
/// what RFC 7578 4.2 requires.
std::optional<PartHead> parse_part_head(std::string_view lines);

}  // namespace ms::http
