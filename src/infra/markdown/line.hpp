#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infra/markdown/bracket.hpp"
#include "infra/markdown/emphasis.hpp"
#include "infra/markdown/markdown.hpp"
#include "infra/view/out.hpp"

// Inline elements: emphasis, code, links, addresses, mentions. Marks work within one line, so an unclosed one cannot
// affect another line.
namespace ms::markdown {

/// Writes lines as HTML. The cost of a line is proportional to its length. For one thread.
class LineWriter {
 public:
  /// `links`: the mentions that become links. `mentions`: receives all mentions in order, or null.
  LineWriter(view::Out& out, std::span<const Link> links, std::vector<Mention>* mentions)
      : out_(out), mentioned_(links), mentions_(mentions) {}

  /// A line or a table cell, in valid UTF-8, without its end.
  void write(std::string_view line);

 private:
  enum class Kind : std::uint8_t { text, character, code, web, mail, mention, link, link_end, run };
  struct Token {
    Kind kind;
    std::uint8_t opened = 0;                  ///< run: 1, 2 or both: the <em>, the <strong> that open here
    std::array<std::uint8_t, 2> closed = {};  ///< run: what closes here, the inner one first
    bool inner = false;                       ///< link: inside another one, so only its text is shown
    std::uint32_t begin = 0;                  ///< position in the line
    std::uint32_t end = 0;
    std::uint32_t value = 0;  ///< link: in links_; mention: in mentioned_; character: the code point
  };
  /// A run of marks that may still be closed; '\0': the start of a link, which no pair crosses.
  struct Opener {
    char mark = '\0';
    std::uint8_t size = 0;
    std::uint32_t token = 0;
    Counts counts;  // up to its end
  };
  struct Pair {
    std::uint32_t opener, closer;  // in tokens_
    std::uint8_t size;
    bool behind_syllable;
  };

  void scan();
  std::size_t special(std::size_t at);
  std::size_t code(std::size_t at);
  std::size_t escape(std::size_t at);
  std::size_t reference(std::size_t at);
  std::size_t web(std::size_t at);
  std::size_t at_sign(std::size_t at);
  std::size_t bracket(std::size_t at);
  std::size_t bracket_end(std::size_t at);
  std::size_t run(std::size_t at);
  std::vector<Opener>::iterator find_opener(char mark, std::uint8_t size);
  bool close(const Run& run, std::uint8_t size, std::uint32_t place);
  void undo_pairs();
  Token& add(Kind kind, std::size_t begin, std::size_t end, std::size_t value = 0);
  void flush(std::size_t end);

  void write_token(const Token& token);
  void write_text(std::string_view text, bool begins_line);
  void write_run(const Token& token);
  void write_link(const Bracket& link, bool inner);
  void write_anchor(std::string_view address, std::string_view title = {});
  void write_mention(const Link& link);

  view::Out& out_;
  std::span<const Link> mentioned_;
  std::vector<Mention>* mentions_;

  std::string_view line_;
  std::size_t text_ = 0;      // where the text starts that was not added yet
  std::size_t path_end_ = 0;  // of a Windows path, in which "\" escapes nothing
  std::size_t next_code_ = 0;
  std::size_t next_link_ = 0;
  std::vector<Code> code_;
  std::vector<Bracket> links_;
  std::vector<std::uint32_t> open_links_;  // indexes into links_
  std::vector<Opener> openers_;            // at most one per mark and size between two link starts
  std::vector<Pair> pairs_;                // of asterisks
  std::array<bool, 2> footnotes_ = {};     // of one asterisk, of two
  Counts counts_;
  std::vector<Token> tokens_;
};

}  // namespace ms::markdown
