#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "infra/markdown/line.hpp"

// Tables of GitHub Flavored Markdown, except for two rules by which text is lost: cells beyond the columns of the head
// are shown, and a line without "|" ends the table.
namespace ms::markdown {

struct Table {
  enum class Align { none, left, center, right };
  std::size_t lines = 0;  ///< the number of lines that it occupies
  std::vector<Align> columns;
  std::vector<std::vector<std::string_view>> rows;  ///< the head first; a row has at most `width` cells
  std::size_t width = 0;
};

/// The table that starts with the first of these lines.
std::optional<Table> find_table(std::span<const std::string_view> lines);

/// One wide cell fills up a short row: the size of the HTML is proportional to that of the lines.
void write_table(const Table& table, view::Out& out, LineWriter& line_writer);

}  // namespace ms::markdown
