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
/// Whether it may end something. Looks ahead to the end of the word at most.
bool may_close(const Run& run);

/// Whether it hides the letters of a name ("김**"), or is a footnote ("이름*"), when it closes nothing.
bool is_footnote(const Run& run);
/// Whether the run stands behind a name of one syllable: "김**".
bool is_behind_syllable(const Run& run);

/// Counts up to a place of a line: the letters, brackets and blanks between two places tell what marks around them
/// mean.
struct Counts {
  std::size_t at = 0;
  std::size_t words = 0;  ///< letters
  std::size_t underscores = 0;
  int brackets = 0;  ///< that are open

  void count_to(std::string_view line, std::size_t end);
};

/// Whether a pair of marks is emphasis: the one that ended at `opened`, and `run`, to which `here` has come.
bool is_meant(const Run& run, const Counts& opened, const Counts& here);

}  // namespace ms::markdown
