#pragma once
#include <cstddef>
#include <string_view>

// Which runs of "*", "_" and "~" are marks. CommonMark asks for white space or punctuation around them, which Korean
// does not have: a particle follows at once, and "*" hides letters of names, "_" is a blank to fill in, "~" a range.
// The rules, and what each one leaves alone, are in docs/decisions/0028-markdown.md.
namespace ms::markdown {

/// A run of one mark in a line.
struct Run {
  std::string_view line;
  std::size_t begin = 0;
  std::size_t end = 0;

  char mark() const { return line[begin]; }
  std::size_t size() const { return end - begin; }
};

/// Whether the run may begin something. Looks ahead to the next mark of its kind at most.
bool may_open(const Run& run);
/// Whether it may end something. Looks ahead to the next "_" of the same word at most.
bool may_close(const Run& run);

}  // namespace ms::markdown
