#include "emitter.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "html_state.hpp"
#include "lexer.hpp"
#include "lint.hpp"

namespace viewc {
namespace {

constexpr std::size_t kLiteralWidth = 100;  // bytes of HTML on one line of generated code

bool is_name(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }

std::string_view first_word(std::string_view text) {
  return text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, is_name) - text.begin()));
}

// Where the first bracket of a call or declaration opens; npos when `text` is not NAME(...).
std::size_t find_open_bracket(std::string_view text) {
  return text.ends_with(')') ? text.find('(') : std::string_view::npos;
}

// Default arguments stand in the declaration only.
std::string without_defaults(std::string_view parameters) {
  std::string out;
  for (const std::string_view parameter : split_arguments(parameters)) {
    CppScanner scanner;
    std::size_t end = 0;
    while (end < parameter.size() && !(scanner.outside(parameter[end]) && parameter[end] == '=')) ++end;
    out.append(", ").append(trim(parameter.substr(0, end)));
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// The arguments of {{ t.key a=x b=f(y) }}: each name ends at "=", each value at the next " name=" outside brackets.
std::vector<std::pair<std::string_view, std::string_view>> named_arguments(std::string_view text, Position at) {
  std::vector<std::pair<std::string_view, std::string_view>> arguments;
  CppScanner scanner;
  std::size_t value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool outside = scanner.outside(text[i]);
    if (!outside || !is_name(text[i]) || (i > 0 && text[i - 1] != ' ' && text[i - 1] != '\n')) continue;
    const std::string_view name = first_word(text.substr(i));
    const std::string_view behind = text.substr(i + name.size());
    if (!behind.starts_with('=') || behind.starts_with("==")) continue;
    if (!arguments.empty()) arguments.back().second = trim(text.substr(value, i - value));
    arguments.emplace_back(name, "");
    value = i + name.size() + 1;
  }
  if (arguments.empty() && !trim(text).empty()) {
    throw SyntaxError(at, "\"" + std::string(trim(text)) + "\" names no placeholder", "name=expression");
  }
  if (!arguments.empty()) arguments.back().second = trim(text.substr(value));
  return arguments;
}

class Emitter {
 public:
  Emitter(std::string file, std::string relative, const Catalogue& texts)
      : file_(std::move(file)), relative_(std::move(relative)), texts_(texts) {}

  CompiledTemplate run(std::string_view source) {
    try {
      for (const Token& token : lex(source)) blocks_.empty() ? outside(token) : inside(token);
      if (!blocks_.empty()) throw SyntaxError(blocks_.back().at, "this block has no end", "{% end %} behind it");
    } catch (const SyntaxError& refused) { problems_.push_back(refused.problem); }
    if (!problems_.empty()) throw CompileError(file_, std::move(problems_));
    const std::string made = "// Made by viewc from " + relative_ + ".\n";
    return {made + "#pragma once\n#include \"infra/view/out.hpp\"\n" + includes_ + declarations_,
            made + "#include \"" + relative_ + ".hpp\"\n" + code_};
  }

 private:
  enum class BlockKind { kView, kIf, kFor, kWrap };
  struct Block {
    BlockKind kind;
    Position at;
    HtmlState::Place start;
    std::vector<HtmlState::Place> ends = {};
    bool has_else = false;
  };

  std::string line(Position at) const { return "#line " + std::to_string(at.line) + " " + cpp_literal(file_) + "\n"; }
  std::string out() const { return wraps_ == 0 ? "out" : "out_" + std::to_string(wraps_); }

  void flush() {
    if (pending_.empty()) return;
    code_ += out() + ".raw(";
    for (std::string_view rest = pending_; !rest.empty();) {
      std::size_t end = std::min(kLiteralWidth, rest.size());
      while (end < rest.size() && (static_cast<unsigned char>(rest[end]) & 0xC0) == 0x80) ++end;
      code_ += "\n    " + cpp_literal(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    code_ += ");\n";
    pending_.clear();
  }

  void emit(Position at, const std::string& code) {
    flush();
    code_ += line(at) + code + "\n";
  }

  void outside(const Token& token) {
    if (token.kind == TokenKind::kLiteral && trim(token.text).empty()) return;
    const std::string_view word = first_word(token.text);
    if (token.kind == TokenKind::kStatement && word == "include") {
      includes_ += line(token.at) + "#include " + std::string(trim(token.text.substr(word.size()))) + "\n";
    } else if (token.kind == TokenKind::kStatement && word == "view") {
      begin_view(trim(token.text.substr(word.size())), token.at);
    } else {
      throw SyntaxError(token.at, "only {% include %}, {% view %} and {# #} stand outside views",
                        "{% view folder::name(...) %} before it");
    }
  }

  void begin_view(std::string_view signature, Position at) {
    const std::size_t open = find_open_bracket(signature);
    const std::string_view path = trim(signature.substr(0, std::min(open, signature.size())));
    const std::size_t colons = path.rfind("::");
    if (open == std::string_view::npos || colons == std::string_view::npos) {
      throw SyntaxError(at, "a view needs a namespace, a name and parameters",
                        "{% view folder::name(const Thing& thing) %}");
    }
    const std::string_view parameters = signature.substr(open + 1, signature.size() - open - 2);
    const std::string name = "namespace ms::" + std::string(path.substr(0, colons)) + " {\n" + line(at) + "void " +
                             std::string(path.substr(colons + 2)) + "(";
    const std::string separator = trim(parameters).empty() ? "" : ", ";
    declarations_ += name + "::ms::view::Out& out" + separator + std::string(parameters) + ");\n}\n";
    code_ += name + "[[maybe_unused]] ::ms::view::Out& out" + without_defaults(parameters) + ") {\n";
    begin_block(BlockKind::kView, at);
  }

  void begin_block(BlockKind kind, Position at) {
    html_.statement(at);
    blocks_.push_back({.kind = kind, .at = at, .start = html_.place()});
    lint_.begin_block(kind == BlockKind::kFor);
    fresh_ = kind == BlockKind::kView || kind == BlockKind::kWrap;
  }

  void inside(const Token& token) {
    const bool fresh = std::exchange(fresh_, false);
    switch (token.kind) {
      case TokenKind::kLiteral:
        return literal(token, fresh);
      case TokenKind::kExpression:
        return expression(token);
      case TokenKind::kStatement:
        return statement(token, first_word(token.text));
    }
  }

  void literal(const Token& token, bool fresh) {
    const std::size_t before = pending_.size();
    html_.literal(token.text, token.at, pending_);
    // A view is often used between words, so the line break behind {% view %} and {% wrap %} is not part of it.
    if (fresh && pending_.compare(before, 1, "\n") == 0) pending_.erase(before, 1);
  }

  void expression(const Token& token) {
    const std::string_view text = token.text;
    if (text.starts_with("t.") && text.size() > 2 && is_name(text[2])) return catalogue_text(token);
    const Slot slot = html_.expression(token.at);
    // Addresses of the site's own files contain no character that needs escaping (web/build.mjs). Pages have many.
    constexpr std::string_view kAssets = "assets::";
    if (text.starts_with(kAssets) && std::ranges::all_of(text.substr(kAssets.size()), is_name)) {
      return emit(token.at, out() + ".raw(" + std::string(text) + ");");
    }
    const char* function = slot == Slot::kText    ? "text"
                           : slot == Slot::kPlain ? "plain"
                           : slot == Slot::kUrl   ? "url"
                                                  : "url_part";
    emit(token.at, out() + "." + function + "(" + std::string(text) + ");");
  }

  void catalogue_text(const Token& token) {
    const bool in_text = html_.place().kind == HtmlState::Place::Kind::kText;
    html_.text(token.at);
    const std::size_t end = std::min(token.text.find_first_of(" \n\t"), token.text.size());
    const std::string key(token.text.substr(2, end - 2));
    const std::string* found = texts_.find(key);
    if (!found) {
      problems_.push_back(
          {token.at, "no text has the key " + key, "{{ t." + texts_.nearest(key) + " }}, or add it to ko.toml"});
      return;
    }
    auto arguments = named_arguments(token.text.substr(end), token.at);
    std::vector<std::string_view> used;
    for (const TextPiece& piece : text_pieces(*found)) {
      if (!piece.is_name) {
        pending_ += html_escaped(piece.text);
        continue;
      }
      const auto argument =
          std::ranges::find(arguments, piece.text, &std::pair<std::string_view, std::string_view>::first);
      if (argument == arguments.end()) {
        problems_.push_back({token.at, "the text " + key + " needs {" + piece.text + "}",
                             "{{ t." + key + " " + piece.text + "=expression }}"});
        continue;
      }
      used.push_back(argument->first);
      emit(token.at, out() + (in_text ? ".text(" : ".plain(") + std::string(argument->second) + ");");
    }
    for (const auto& [name, value] : arguments) {
      if (std::ranges::find(used, name) != used.end()) continue;
      problems_.push_back({token.at, "the text " + key + " has no {" + std::string(name) + "}",
                           "it without " + std::string(name) + "="});
    }
  }

  void statement(const Token& token, std::string_view word) {
    const std::string rest(trim(token.text.substr(word.size())));
    const bool lone = word == "else" || word == "end";
    if (lone != rest.empty()) {
      throw SyntaxError(token.at, "{% " + std::string(word) + " %} " + (lone ? "takes nothing" : "needs more"),
                        lone ? "{% " + std::string(word) + " %}" : "{% " + std::string(word) + " ... %}");
    }
    if (word == "end") return end_block(token.at);
    if (word == "if") {
      begin_block(BlockKind::kIf, token.at);
      return emit(token.at, "if (" + rest + ") {");
    }
    if (word == "elif" || word == "else") return next_branch(token.at, rest);
    if (word == "for") {
      begin_block(BlockKind::kFor, token.at);
      return emit(token.at, "for (" + rest + ") {");
    }
    if (word == "let") {
      html_.statement(token.at);
      // It writes nothing, so the HTML around it stays one piece.
      code_ += line(token.at) + "const auto& " + rest + ";\n";
      return;
    }
    if (word == "call") {
      html_.elements(token.at);
      return emit(token.at, with_out(rest, token.at) + ");");
    }
    if (word == "wrap") return wrap(rest, token.at);
    throw SyntaxError(token.at, "{% " + std::string(word) + " %} is no statement here",
                      "if, elif, else, for, let, call, wrap or end; include and view stand outside views");
  }

  // "f(a)" becomes "f(out, a", still open.
  std::string with_out(std::string_view call, Position at) const {
    const std::size_t open = find_open_bracket(call);
    if (open == std::string_view::npos) {
      throw SyntaxError(at, "\"" + std::string(call) + "\" is no call", "folder::view(arguments)");
    }
    const std::string_view arguments = call.substr(open + 1, call.size() - open - 2);
    return std::string(call.substr(0, open + 1)) + out() + (trim(arguments).empty() ? "" : ", ") +
           std::string(arguments);
  }

  void wrap(std::string_view call, Position at) {
    html_.elements(at);
    const std::string head = with_out(call, at);
    flush();
    // Each body has its own name for the page, or it would shadow the one around it.
    ++wraps_;
    emit(at, head + ", [&]([[maybe_unused]] ::ms::view::Out& " + out() + ") {");
    begin_block(BlockKind::kWrap, at);
  }

  void next_branch(Position at, const std::string& condition) {
    Block& block = blocks_.back();
    if (block.kind != BlockKind::kIf || block.has_else) {
      throw SyntaxError(at, "elif or else without its {% if %}", "{% if expr %} before it");
    }
    end_branch(at);
    block.has_else = condition.empty();
    html_.restore(block.start);
    lint_.next_branch();
    emit(at, condition.empty() ? "} else {" : "} else if (" + condition + ") {");
  }

  void end_branch(Position at) {
    html_.statement(at);
    blocks_.back().ends.push_back(html_.place());
  }

  void end_block(Position at) {
    end_branch(at);
    Block block = std::move(blocks_.back());
    blocks_.pop_back();
    // Whatever could be skipped also ends where it began.
    if (!block.has_else) block.ends.push_back(block.start);
    html_.join(block.ends, at);
    lint_.end_block();
    if (block.kind == BlockKind::kView || block.kind == BlockKind::kWrap) {
      if (pending_.ends_with('\n')) pending_.pop_back();
    }
    emit(at, block.kind == BlockKind::kWrap ? "});" : "}");
    if (block.kind == BlockKind::kWrap) --wraps_;
    if (block.kind == BlockKind::kView) {
      lint_.end_view();
      code_ += "}\n";
    }
  }

  std::string file_;
  std::string relative_;
  const Catalogue& texts_;
  Problems problems_;
  Lint lint_{problems_};
  HtmlState html_{lint_, problems_};
  std::vector<Block> blocks_;
  std::string includes_;
  std::string declarations_;
  std::string code_;
  std::string pending_;  // HTML not yet written as a raw() call
  int wraps_ = 0;
  bool fresh_ = false;  // right behind {% view %} or {% wrap %}
};

std::string all(const std::string& file, const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += (text.empty() ? "" : "\n") + problem.in(file);
  return text;
}

Problems sorted(Problems problems) {
  std::ranges::sort(problems);
  return problems;
}

}  // namespace

CompileError::CompileError(const std::string& file, Problems all_problems)
    : std::runtime_error(all(file, sorted(all_problems))), problems(sorted(std::move(all_problems))) {}

CompiledTemplate compile(std::string_view source, const std::string& file, const std::string& relative,
                         const Catalogue& texts) {
  return Emitter(file, relative, texts).run(source);
}

}  // namespace viewc
