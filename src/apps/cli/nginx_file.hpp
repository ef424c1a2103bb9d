#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Nginx's packaged files: lines that end in a marker "# @name" are the operator's, all others are the package's.
namespace ms::cli {

/// The lines of each marker, without leading blanks and without the marker.
using MarkerLines = std::map<std::string, std::vector<std::string>>;

MarkerLines marked_lines(std::string_view text);

/// `text` with the lines of each marker in `values` replaced by those. A marker in several places is replaced in each.
/// The new lines have the marker, too.
std::string with_marked(std::string_view text, const MarkerLines& values);

/// The part of the file that must match the package: without the operator's lines, comment lines and outer blanks.
std::vector<std::string> unmarked_lines(std::string_view text);

}  // namespace ms::cli
