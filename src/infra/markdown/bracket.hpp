#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

// Pairs within a line that are found first: code, and links with their texts.
namespace ms::markdown {

/// The end of the run of equal characters at `at`.
std::size_t run_end(std::string_view line, std::size_t at);

/// Whether the "\" at `at` escapes the next character. Not where people type a backslash: "\10,000", "\(^o^)/",
/// "¯\_(ツ)_/¯".
bool escapes(std::string_view line, std::size_t at);

/// `code`: the places of its backticks, and the text between them.
struct Code {
  std::uint32_t begin, text, text_end, end;
};
/// In order of position. Linear.
std::vector<Code> find_code(std::string_view line);

/// [text](address "title"), or with "!" before it: the places of its brackets, and its end.
struct Bracket {
  std::uint32_t open = 0, close = 0, end = 0;
  std::string_view address, title;
  bool image = false;
};
/// In order of their opening brackets. Only images may be inside another link's text. Linear.
std::vector<Bracket> find_links(std::string_view line, const std::vector<Code>& code);

}  // namespace ms::markdown
