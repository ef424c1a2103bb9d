#pragma once
#include <compare>
#include <stdexcept>
#include <string>
#include <vector>

namespace viewc {

/// A place in a template: line and column from 1, columns counted in characters.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
  void pass(char c) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
};

/// What is wrong and what to write instead.
struct Problem {
  Position at;
  std::string what;
  std::string write;
  auto operator<=>(const Problem&) const = default;
  /// "file:LINE:COL: error: what. Write: instead", which editors and ninja understand.
  std::string in(const std::string& file) const {
    return file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column) + ": error: " + what +
           ". Write: " + write;
  }
};
using Problems = std::vector<Problem>;

/// A problem after which the rest of the template cannot be parsed.
struct SyntaxError : std::runtime_error {
  SyntaxError(Position at, const std::string& what, const std::string& write)
      : std::runtime_error(what), problem{at, what, write} {}
  Problem problem;
};

}  // namespace viewc
