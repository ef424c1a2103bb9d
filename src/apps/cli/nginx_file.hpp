#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Nginx's files as packaged: lines that end in "# @name" are the operator's, everything else is ours.
namespace ms::cli {

/// The lines of each mark, without blanks in front and without the mark.
using Marked = std::map<std::string, std::vector<std::string>>;

Marked marked_lines(std::string_view text);

/// `text` with the lines of each mark that is in `values` replaced by those; a mark that stands at several places gets
/// them at each. What is written is marked again.
std::string with_marked(std::string_view text, const Marked& values);

/// The file without the operator's lines, comments of its own and blanks at the ends: what may not differ.
std::vector<std::string> unmarked_lines(std::string_view text);

}  // namespace ms::cli
