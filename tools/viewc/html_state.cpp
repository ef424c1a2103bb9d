#include "html_state.hpp"

#include <algorithm>
#include <array>

namespace viewc {
namespace {

using Kind = HtmlState::Place::Kind;
using Url = HtmlState::Place::Url;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

template <std::size_t N>
bool any(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_url(std::string_view attribute) {
  constexpr std::array<std::string_view, 8> kUrls = {"href",   "src",  "action", "formaction",
                                                     "poster", "cite", "data",   "xlink:href"};
  return any(kUrls, attribute);
}

bool in_value(Kind kind) { return kind == Kind::kDoubleQuoted || kind == Kind::kSingleQuoted; }

// Places between attributes differ only in whether white space must come next.
bool between_attributes(Kind kind) { return kind == Kind::kBeforeAttribute || kind == Kind::kAfterValue; }

bool same_html(const HtmlState::Place& a, const HtmlState::Place& b) {
  if (between_attributes(a.kind) && between_attributes(b.kind)) return a.tag == b.tag;
  return a.kind == b.kind && (a.kind == Kind::kText || a.tag == b.tag) && (!in_value(a.kind) || a.value == b.value);
}

}  // namespace

bool HtmlState::in_space_run() const {
  if (now_.kind == Kind::kText) return !lint_.keeps_space();
  return now_.kind == Kind::kTagName || now_.kind == Kind::kAttributeName || now_.kind == Kind::kAfterAttributeName ||
         between_attributes(now_.kind);
}

void HtmlState::literal(std::string_view html, Position at, std::string& out) {
  for (std::size_t i = 0; i < html.size();) {
    if (is_space(html[i]) && in_space_run()) {
      const auto end = std::min(html.find_first_not_of(" \n\t\r\f", i), html.size());
      const std::string_view run = html.substr(i, end - i);
      const bool breaks = run.contains('\n');
      if (!breaks || !out.ends_with('\n')) out += breaks ? "\n" : run;
      step(' ', at);
      for (const char c : run) at.pass(c);
      i = end;
      continue;
    }
    step(html[i], at);
    out += html[i];
    at.pass(html[i]);
    ++i;
  }
}

void HtmlState::step(char c, Position at) {
  switch (now_.kind) {
    case Kind::kText:
      if (c == '<') {
        now_.kind = Kind::kTagOpen;
        tag_ = Tag{.name = "", .at = at, .attributes = {}, .self_closing = false};
      } else if (!is_space(c)) {
        lint_.content();
      }
      return;
    case Kind::kTagOpen:
      if (c == '/') {
        now_.kind = Kind::kEndTagOpen;
        end_name_.clear();
      } else if (c == '!') {
        now_.kind = Kind::kMarkup;
        tail_.clear();
      } else if (is_letter(c)) {
        now_.kind = Kind::kTagName;
        now_.tag = ++tags_;
        tag_.name = lower(c);
      } else {
        throw SyntaxError(tag_.at, "a bare < in text", "&lt;");
      }
      return;
    case Kind::kEndTagOpen:
    case Kind::kEndTagName:
      now_.kind = Kind::kEndTagName;
      if (c == '>') {
        now_.kind = Kind::kText;
        lint_.end_tag(end_name_, tag_.at);
      } else if (is_letter(c) || (!end_name_.empty() && (c == '-' || (c >= '0' && c <= '9')))) {
        end_name_ += lower(c);
      } else {
        throw SyntaxError(at, "an end tag holds only its name", "</name>");
      }
      return;
    case Kind::kDoubleQuoted:
    case Kind::kSingleQuoted:
    case Kind::kUnquoted:
      return step_value(c, at);
    case Kind::kMarkup:
    case Kind::kComment:
    case Kind::kDoctype:
      return step_markup(c);
    case Kind::kRawText:
    case Kind::kPlainText:
      return step_raw(c, at);
    default:
      return step_tag(c, at);
  }
}

void HtmlState::step_tag(char c, Position at) {
  if (c == '>' && now_.kind != Kind::kBeforeValue) return end_start_tag();
  if (c == '/' && now_.kind != Kind::kBeforeValue) {
    now_.kind = Kind::kSelfClosing;
    return;
  }
  switch (now_.kind) {
    case Kind::kTagName:
      if (is_space(c)) {
        now_.kind = Kind::kBeforeAttribute;
      } else {
        tag_.name += lower(c);
      }
      return;
    case Kind::kAttributeName:
      if (!is_space(c) && c != '=') {
        tag_.attributes.back().name += lower(c);
        return;
      }
      lint_.attribute_name(tag_.attributes.back().name, tag_.attributes.back().at);
      now_.kind = c == '=' ? Kind::kBeforeValue : Kind::kAfterAttributeName;
      return;
    case Kind::kAfterAttributeName:
    case Kind::kBeforeAttribute:
      if (!is_space(c)) begin_attribute(c, at);
      return;
    case Kind::kBeforeValue:
      if (c == '"') return begin_value(Kind::kDoubleQuoted);
      if (c == '\'') return begin_value(Kind::kSingleQuoted);
      if (is_space(c) || c == '>') throw SyntaxError(at, "no value behind =", "name=\"value\" without spaces");
      begin_value(Kind::kUnquoted);
      return step_value(c, at);
    case Kind::kAfterValue:
      if (!is_space(c)) throw SyntaxError(at, "no white space between attributes", "a space before it");
      now_.kind = Kind::kBeforeAttribute;
      return;
    default:
      throw SyntaxError(at, "/ stands in a tag", "/> together, or nothing");
  }
}

void HtmlState::begin_attribute(char c, Position at) {
  if (c == '"' || c == '\'' || c == '<' || c == '=') {
    throw SyntaxError(at, std::string("a stray ") + c + " in a tag", "name=\"value\"");
  }
  tag_.attributes.push_back({std::string(1, lower(c)), "", false, at});
  now_.kind = Kind::kAttributeName;
}

void HtmlState::begin_value(Kind kind) {
  now_.kind = kind;
  now_.value = ++values_;
  now_.url = is_url(tag_.attributes.back().name) || in_srcset() ? Url::kStart : Url::kNone;
  now_.url_literal.clear();
}

void HtmlState::step_value(char c, Position at) {
  const bool ends = now_.kind == Kind::kDoubleQuoted   ? c == '"'
                    : now_.kind == Kind::kSingleQuoted ? c == '\''
                                                       : is_space(c) || c == '>';
  if (ends) {
    in_srcset() ? end_srcset(at) : check_scheme(now_, at);
    const bool unquoted = now_.kind == Kind::kUnquoted;
    now_.kind = Kind::kAfterValue;
    now_.url = Url::kNone;
    now_.url_literal.clear();
    if (unquoted) step_tag(c, at);
    return;
  }
  tag_.attributes.back().value += c;
  if (in_srcset()) return step_srcset(c, at);
  if (now_.url == Url::kSlashValue && (c == '/' || c == '\\')) {
    throw SyntaxError(at, "an empty value would make //, another site",
                      "a literal first part, such as /boards/{{ ... }}");
  }
  if (now_.url == Url::kStart) now_.url = Url::kLiteral;
  if (now_.url == Url::kSlashValue) now_.url = Url::kFixed;
  if (now_.url == Url::kLiteral) now_.url_literal += c;
}

void HtmlState::step_markup(char c) {
  tail_ += c;
  if (now_.kind == Kind::kMarkup && tail_ == "--") {
    now_.kind = Kind::kComment;
    tail_.clear();
  } else if (now_.kind == Kind::kMarkup && c != '-') {
    now_.kind = Kind::kDoctype;
  }
  if ((now_.kind == Kind::kComment && tail_.ends_with("-->")) || (now_.kind == Kind::kDoctype && c == '>')) {
    now_.kind = Kind::kText;
  }
}

void HtmlState::step_raw(char c, Position at) {
  if (now_.kind == Kind::kPlainText && !is_space(c)) lint_.content();
  if (c == '<') {
    tail_.clear();
    tag_.at = at;
  }
  tail_ += lower(c);
  if (tail_ != "</" + tag_.name + ">") return;
  now_.kind = Kind::kText;
  lint_.end_tag(tag_.name, tag_.at);
}

void HtmlState::end_start_tag() {
  if (now_.kind == Kind::kAttributeName) {
    lint_.attribute_name(tag_.attributes.back().name, tag_.attributes.back().at);
  }
  tag_.self_closing = now_.kind == Kind::kSelfClosing;
  lint_.start_tag(tag_);
  constexpr std::array<std::string_view, 2> kRaw = {"script", "style"};
  constexpr std::array<std::string_view, 2> kPlain = {"title", "textarea"};
  now_.kind = tag_.self_closing        ? Kind::kText
              : any(kRaw, tag_.name)   ? Kind::kRawText
              : any(kPlain, tag_.name) ? Kind::kPlainText
                                       : Kind::kText;
  tail_.clear();
}

void HtmlState::check_scheme(Place& place, Position at) {
  if (place.url != Url::kLiteral) return;
  const std::string& literal = place.url_literal;
  const std::size_t colon = literal.find_first_of(":/?#");
  constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "mailto", "tel"};
  const bool scheme = colon != std::string::npos && literal[colon] == ':';
  if (scheme && !any(kSchemes, literal.substr(0, colon))) {
    problems_.push_back({at, "URL scheme \"" + literal.substr(0, colon + 1) + "\" is refused",
                         "https:, http:, mailto:, tel: or a path that begins with /"});
  }
  const bool path = literal.size() > 1 && literal[0] == '/' && literal[1] != '/';
  if (path || scheme || literal[0] == '?' || literal[0] == '#') place.url = Url::kFixed;
}

Slot HtmlState::url_slot(Position at) {
  if (now_.url == Url::kStart) {
    now_.url = Url::kFixed;
    return Slot::kUrl;
  }
  check_scheme(now_, at);
  if (now_.url == Url::kLiteral && now_.url_literal == "/") {
    now_.url = Url::kSlashValue;
  } else if (now_.url == Url::kLiteral || now_.url == Url::kUnknown) {
    throw SyntaxError(at, "what stands before this expression does not fix where the URL leads",
                      "a literal that begins with / or https://, or the whole URL as one {{ expression }}");
  }
  return Slot::kUrlPart;
}

Slot HtmlState::expression(Position at) {
  switch (now_.kind) {
    case Kind::kText:
      lint_.content();
      return Slot::kText;
    case Kind::kPlainText:
      lint_.content();
      tail_.clear();
      return Slot::kPlain;
    case Kind::kDoubleQuoted:
    case Kind::kSingleQuoted: {
      Attribute& attribute = tag_.attributes.back();
      attribute.dynamic = true;
      if (attribute.name.starts_with("on")) {
        throw SyntaxError(at, "an expression in the event attribute " + attribute.name,
                          "data-...=\"{{ expr }}\", and the listener in a script file");
      }
      if (attribute.name == "style")
        throw SyntaxError(at, "an expression in a style attribute", "a class chosen with {% if %}");
      if (attribute.name == "srcdoc") throw SyntaxError(at, "an expression in srcdoc", "src=\"{{ expr }}\"");
      if (in_srcset()) return srcset_slot(at);
      return now_.url == Url::kNone ? Slot::kPlain : url_slot(at);
    }
    case Kind::kTagOpen:
    case Kind::kTagName:
    case Kind::kEndTagOpen:
    case Kind::kEndTagName:
      throw SyntaxError(at, "an expression in a tag name", "&lt; if text is meant, or {% if %} around whole elements");
    case Kind::kBeforeValue:
    case Kind::kUnquoted:
      throw SyntaxError(at, "an expression in an unquoted attribute value", "name=\"{{ expr }}\"");
    case Kind::kMarkup:
    case Kind::kComment:
    case Kind::kDoctype:
      throw SyntaxError(at, "an expression in an HTML comment", "{# comment #}, which is not sent");
    case Kind::kRawText:
      throw SyntaxError(at, "an expression inside <" + tag_.name + ">",
                        tag_.name == "script" ? "data-...=\"{{ expr }}\" on an element, which the script file reads"
                                              : "a class chosen with {% if %}, and the rule in a style sheet");
    default:
      throw SyntaxError(at, "an expression as an attribute name", "name=\"{{ expr }}\", or {% if expr %}name{% end %}");
  }
}

void HtmlState::text(Position at) {
  if (now_.url != Url::kNone) throw SyntaxError(at, "a text of the catalogue in a URL", "a literal URL or {{ expr }}");
  expression(at);
}

void HtmlState::statement(Position at) {
  switch (now_.kind) {
    case Kind::kText:
    case Kind::kPlainText:
    case Kind::kBeforeAttribute:
    case Kind::kAfterValue:
      tail_.clear();
      return;
    case Kind::kDoubleQuoted:
    case Kind::kSingleQuoted:
      tag_.attributes.back().dynamic = true;
      return;
    case Kind::kAttributeName:
      lint_.attribute_name(tag_.attributes.back().name, tag_.attributes.back().at);
      [[fallthrough]];
    case Kind::kTagName:
    case Kind::kAfterAttributeName:
      now_.kind = Kind::kAfterValue;
      return;
    case Kind::kRawText:
      throw SyntaxError(at, "a statement inside <" + tag_.name + ">", "it outside, around the element");
    case Kind::kMarkup:
    case Kind::kComment:
    case Kind::kDoctype:
      throw SyntaxError(at, "a statement in an HTML comment", "{# comment #}, which is not sent");
    default:
      throw SyntaxError(at, "a statement in the middle of a tag's syntax",
                        "it between attributes or in a quoted value");
  }
}

void HtmlState::elements(Position at) {
  if (now_.kind != Kind::kText) throw SyntaxError(at, "another view inside a tag, title or textarea", "{{ expr }}");
  lint_.content();
}

void HtmlState::join(const std::vector<Place>& ends, Position at) {
  for (const Place& end : ends) {
    if (!same_html(end, ends.front())) {
      throw SyntaxError(at, "this block does not end in the HTML place where it began",
                        "whole elements, whole attributes or a part of one value in each branch");
    }
  }
  now_ = ends.front();
  for (Place end : ends) {
    if (end.kind == Kind::kAfterValue) now_.kind = end.kind;
    if (end.url == now_.url && end.url_literal == now_.url_literal) continue;
    if (!in_value(end.kind) || !in_srcset()) {
      check_scheme(end, at);
      check_scheme(now_, at);
    }
    if (end.url != Url::kFixed || now_.url != Url::kFixed) now_.url = Url::kUnknown;
  }
}

}  // namespace viewc
