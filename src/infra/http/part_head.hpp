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

/// What stands before the first ';', in lower case, and the parameters after it (RFC 9110 5.6.6). nullopt when the text
/// is no such header. In a quoted value a backslash escapes only itself and the quote: browsers send it as it is.
struct ParameterizedHeader {
  std::string value;
  std::vector<Parameter> parameters;

  static std::optional<ParameterizedHeader> parse(std::string_view text);
  /// The only parameter of that name; nullptr when there is none or more than one.
  const std::string* find(std::string_view name) const noexcept;
};

/// Reads the lines of one part's headers, without the empty line after them. nullopt when they are not well-formed, or
/// do not say what RFC 7578 4.2 demands.
std::optional<PartHead> parse_part_head(std::string_view lines);

}  // namespace ms::http
