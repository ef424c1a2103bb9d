#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lint.hpp"
#include "problem.hpp"

namespace viewc {

/// White space of HTML.
inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

/// How the value of an expression is escaped in its context (the functions of ms::view::Out).
enum class Slot { kText, kPlain, kUrl, kUrlPart };

/// Follows a view's HTML character by character, so that the context of each {{ }} is known. It is the tokenizer of
/// WHATWG HTML 13.2.5, but rejects whatever that standard calls a parse error.
class HtmlState {
 public:
  explicit HtmlState(Lint& lint, Problems& problems) : lint_(lint), problems_(problems) {}

  /// The context of the next character. All branches of a block begin in the same context and must end in the same one.
  struct Place {
    enum class Kind {
      kText,
      kTagOpen,
      kTagName,
      kEndTagOpen,
      kEndTagName,
      kBeforeAttribute,
      kAttributeName,
      kAfterAttributeName,
      kBeforeValue,
      kDoubleQuoted,
      kSingleQuoted,
      kUnquoted,
      kAfterValue,
      kSelfClosing,
      kMarkup,
      kComment,
      kDoctype,
      kRawText,
      kPlainText,
    };
    /// What a URL attribute's value contains so far. kSlashValue: "/" and one value, which may be empty. kDescriptor:
    /// what follows an address of srcset.
    enum class Url { kNone, kStart, kLiteral, kFixed, kSlashValue, kDescriptor, kUnknown };
    Kind kind = Kind::kText;
    int tag = 0;    ///< number of the tag that it belongs to
    int value = 0;  ///< number of the attribute value
    Url url = Url::kNone;
    std::string url_literal;
  };

  /// Passes HTML and appends it to `out`, white space between elements collapsed.
  void literal(std::string_view html, Position at, std::string& out);
  /// Passes {{ }}; throws SyntaxError where no escaping makes a value safe.
  Slot expression(Position at);
  /// Passes a text of the catalogue, which stands in element text and in quoted attributes that are no URL.
  void text(Position at);
  /// Passes the start or end of a block or a {% let %}.
  void statement(Position at);
  /// Passes a {% call %} or {% wrap %}: whole elements.
  void elements(Position at);

  const Place& place() const { return now_; }
  void restore(const Place& place) { now_ = place; }
  /// Call after a block with the contexts at the ends of its branches. Throws SyntaxError when they differ.
  void join(const std::vector<Place>& ends, Position at);

 private:
  using Kind = Place::Kind;
  using Url = Place::Url;

  void step(char c, Position at);
  void step_tag(char c, Position at);
  void step_value(char c, Position at);
  void step_markup(char c);
  void step_raw(char c, Position at);
  void begin_attribute(char c, Position at);
  void begin_value(Kind kind);
  void end_start_tag();
  void check_scheme(Place& place, Position at);
  Slot url_slot(Position at);
  bool in_srcset() const;
  void step_srcset(char c, Position at);
  void end_srcset(Position at);
  Slot srcset_slot(Position at);
  bool in_space_run() const;

  Lint& lint_;
  Problems& problems_;
  Place now_;
  Tag tag_;
  std::string end_name_;
  std::string tail_;  // the characters of raw text, a comment or <! that may begin its end
  int tags_ = 0;
  int values_ = 0;
};

}  // namespace viewc
