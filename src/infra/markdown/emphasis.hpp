#pragma once
#include <cstddef>
#include <string_view>

// Decides which runs of "*", "_" and "~" are marks. CommonMark requires white space or punctuation around them, which
// Korean lacks: particles follow directly, "*" hides letters of names, "_" is a blank to fill in, "~" a range.
// docs/decisions/0028-markdown.md has the rules, and what each one leaves alone.
namespace ms::markdown {

/// A run of one mark in a line.
struct Run {
  std::string_view line;
  std::size_t begin = 0;
  std::size_t end = 0;

  char mark() const { return line[begin]; }
  std::size_t size() const { return end - begin; }
};

/// Whether the run may open emphasis. Looks ahead to the next mark of its kind at most.
bool may_open(const Run& run);
/// Whether it may close emphasis. Looks ahead to the end of the word at most.
bool may_close(const Run& run);

/// Whether a run that closes nothing hides letters of a name ("김**") or is a footnote ("이름*").
bool is_footnote(const Run& run);
/// Whether the run follows a name of one syllable: "김**".
bool is_behind_syllable(const Run& run);

/// Counts up to a position in a line: the letters, brackets and blanks between two positions decide what the marks
/// around them mean.
struct Counts {
  std::size_t at = 0;
  std::size_t words = 0;  ///< letters
  std::size_t underscores = 0;
  int brackets = 0;  ///< open ones

  void count_to(std::string_view line, std::size_t end);
};

/// Whether a pair of marks is emphasis: the opening run ended at `opened`, and `run` is at `here`.
bool is_meant(const Run& run, const Counts& opened, const Counts& here);

}  // namespace ms::markdown
