#pragma once
#include <string_view>
#include <vector>

#include "problem.hpp"

namespace viewc {

enum class TokenKind { kLiteral, kExpression, kStatement };

/// A piece of a template: HTML as written, the inside of {{ }} or the inside of {% %} (both trimmed).
struct Token {
  TokenKind kind;
  std::string_view text;
  Position at;
};

/// Splits a template into pieces, without {# #}. They are views into `source`. Throws SyntaxError for a missing end.
std::vector<Token> lex(std::string_view source);

std::string_view trim(std::string_view text);

/// Follows C++ text byte by byte through strings, character literals and brackets.
class CppScanner {
 public:
  /// True when the byte stands outside every bracket and string; call once a byte, in order.
  bool outside(char c);

 private:
  char quote_ = 0;
  char last_ = 0;
  bool escaped_ = false;
  int depth_ = 0;
};

/// Splits C++ arguments at the commas outside brackets, those of templates too: "a, f(b, c)" gives two.
std::vector<std::string_view> split_arguments(std::string_view arguments);

}  // namespace viewc
