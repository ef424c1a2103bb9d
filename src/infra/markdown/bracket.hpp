#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

// Pairs within a line that are found before all others: code, and links with their texts.
namespace ms::markdown {

/// The end of the run of the character at `at`.
std::size_t run_end(std::string_view line, std::size_t at);

/// Whether the "\" at `at` makes the next character one that means nothing. Not where people type one: "\10,000",
/// "\(^o^)/", "¯\_(ツ)_/¯".
bool escapes(std::string_view line, std::size_t at);

/// `code`: where its backticks begin and end, and its text between them.
struct Code {
  std::uint32_t begin, text, text_end, end;
};
/// In their order. Linear.
std::vector<Code> find_code(std::string_view line);

/// [text](address "title"), or with "!" before it: the places of its brackets, and where it ends.
struct Bracket {
  std::uint32_t open = 0, close = 0, end = 0;
  std::string_view address, title;
  bool image = false;
};
/// By where they open. None stands in another one's text but images. Linear.
std::vector<Bracket> find_links(std::string_view line, const std::vector<Code>& code);

}  // namespace ms::markdown
