#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "infra/markdown/line.hpp"

// Splits lines into paragraphs, headings, lists, quotes, tables and code.
namespace ms::markdown {

using Lines = std::vector<std::string_view>;

/// Writes lines (valid UTF-8, without line ends) as blocks. Nesting deeper than people use stays text. The cost is
/// proportional to the size of the lines.
class BlockWriter {
 public:
  BlockWriter(view::Out& out, LineWriter& line_writer) : out_(out), line_writer_(line_writer) {}
  void write(const Lines& lines);

 private:
  struct Item {
    Lines lines;
    char task = '\0';  ///< the character between "[" and "]"
  };
  struct List {
    std::vector<Item> items;
    std::size_t end = 0;  ///< the line after it
    std::size_t marks = 0;
    unsigned start = 0;  ///< 0: bullets
    bool loose = false;
  };
  /// The lines of one quote or item, with facts about all of them.
  struct Level {
    const Lines& lines;
    int depth;
    bool in_list;
    bool tight;                ///< paragraphs have no <p>
    bool numbers = false;      ///< "1.", "2.", … are lists
    std::size_t no_fence = 0;  ///< from here on no run of as many backticks closes code; 0: not known
  };

  void blocks(Level level);
  std::size_t block(Level& level, std::size_t at);
  std::size_t code(Level& level, std::size_t at);
  std::size_t quote(const Level& level, std::size_t at);
  std::size_t table(const Level& level, std::size_t at);
  std::size_t list(const Level& level, std::size_t at);
  static List gather(const Level& level, std::size_t at);
  void write_list(const Level& level, const List& list);
  void paragraph(const Level& level, std::string_view line);
  void end_paragraph();

  view::Out& out_;
  LineWriter& line_writer_;
  enum class Paragraph { none, bare, open };
  Paragraph paragraph_ = Paragraph::none;
};

}  // namespace ms::markdown
