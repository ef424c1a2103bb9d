#include "lexer.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

namespace viewc {
namespace {

// The position of `close` in C++ text outside brackets and strings; npos when there is none.
std::size_t find_close(std::string_view text, std::string_view close) {
  CppScanner scanner;
  for (std::size_t i = 0; i < text.size(); ++i) {
    CppScanner before = scanner;
    if (text.substr(i).starts_with(close) && before.outside(' ')) return i;
    scanner.outside(text[i]);
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool CppScanner::outside(char c) {
  const char last = std::exchange(last_, c);
  if (quote_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == quote_) {
      quote_ = 0;
    }
    return false;
  }
  // 1'000 is a number, not the start of a character.
  if (c == '"' || (c == '\'' && !std::isalnum(static_cast<unsigned char>(last)))) {
    quote_ = c;
    return false;
  }
  if (c == '(' || c == '[' || c == '{') return depth_++ == 0;
  if (c == ')' || c == ']' || c == '}') return --depth_ <= 0;
  return depth_ == 0;
}

std::vector<std::string_view> split_arguments(std::string_view arguments) {
  std::vector<std::string_view> parts;
  CppScanner scanner;
  int angles = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!scanner.outside(arguments[i])) continue;
    if (arguments[i] == '<') ++angles;
    if (arguments[i] == '>') --angles;
    if (arguments[i] == ',' && angles == 0) {
      parts.push_back(trim(arguments.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  if (const auto last = trim(arguments.substr(begin)); !last.empty()) parts.push_back(last);
  return parts;
}

std::vector<Token> lex(std::string_view source) {
  std::vector<Token> tokens;
  Position at;
  const auto pass = [&](std::size_t count) {
    for (const char c : source.substr(0, count)) at.pass(c);
    source.remove_prefix(count);
  };
  while (!source.empty()) {
    std::size_t open = source.find('{');
    while (open != std::string_view::npos &&
           (open + 1 == source.size() || !std::string_view("{%#").contains(source[open + 1]))) {
      open = source.find('{', open + 1);
    }
    open = std::min(open, source.size());
    if (open > 0) tokens.push_back({TokenKind::kLiteral, source.substr(0, open), at});
    pass(open);
    if (source.empty()) break;
    const char kind = source[1];
    const std::string_view close = kind == '{' ? "}}" : kind == '%' ? "%}" : "#}";
    const std::size_t end = kind == '#' ? source.substr(2).find(close) : find_close(source.substr(2), close);
    if (end == std::string_view::npos) {
      throw SyntaxError(at, std::string(source.substr(0, 2)) + " has no end", std::string(close) + " behind it");
    }
    const std::string_view inside = source.substr(2, end);
    if (kind != '#') {
      Token token{kind == '{' ? TokenKind::kExpression : TokenKind::kStatement, trim(inside), at};
      if (token.text.empty()) throw SyntaxError(at, "nothing stands in it", "an expression, or take it away");
      tokens.push_back(token);
    }
    pass(end + 4);
  }
  return tokens;
}

}  // namespace viewc
