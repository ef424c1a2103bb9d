#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "problem.hpp"

namespace viewc {

struct Attribute {
  std::string name;      ///< in lower case
  std::string value;     ///< its literal parts
  bool dynamic = false;  ///< has {{ }} or statements inside
  Position at;
};

/// A start tag as written, with the attributes of all its branches.
struct Tag {
  std::string name;  ///< in lower case
  Position at;
  std::vector<Attribute> attributes;
  bool self_closing = false;
  const Attribute* find(std::string_view attribute) const;
};

/// Checks one view for the nesting of elements, and for what people with a screen reader or a keyboard need (WCAG 2.2,
/// KWCAG 2.2).
/// Broken nesting throws SyntaxError; the other rules collect problems.
class Lint {
 public:
  explicit Lint(Problems& problems) : problems_(problems) {}

  void start_tag(const Tag& tag);
  void end_tag(std::string_view name, Position at);
  /// Call for text, an expression or a call, any of which may give the open elements an accessible name.
  void content();
  void attribute_name(const std::string& name, Position at);
  bool keeps_space() const;

  /// A view, a branch, a loop's body or a wrap: it must close the elements that it opens.
  void begin_block(bool loop);
  void next_branch();
  void end_block();
  /// Checks labels, which need the whole view.
  void end_view();

 private:
  struct Element {
    std::string name;
    Position at;
    bool named = false;
    bool caption = false;
  };
  struct Block {
    std::size_t floor = 0;
    bool loop = false;
    std::set<std::string, std::less<>> ids_before;  ///< ids when the first branch began
    std::set<std::string, std::less<>> ids_after;   ///< ids of the branches so far
  };
  struct Field {
    std::string id;
    std::string name;
    Position at;
  };

  void problem(Position at, std::string what, std::string write);
  void check_balanced() const;
  void check_links_and_media(const Tag& tag);
  void check_tables(const Tag& tag);
  void check_field(const Tag& tag);
  void check_id(const Tag& tag);
  bool inside(std::string_view name) const;

  Problems& problems_;
  std::vector<Element> open_;
  std::vector<Block> blocks_;
  std::set<std::string, std::less<>> ids_;
  std::set<std::string, std::less<>> labelled_;
  std::vector<Field> fields_;
};

/// HTML elements without content and end tag.
bool is_void(std::string_view name);

}  // namespace viewc
