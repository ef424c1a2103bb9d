#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "infra/markdown/line.hpp"

// Tables of GitHub Flavored Markdown, but for two rules by which text is lost: cells beyond the columns of the head are
// shown, and a line without "|" ends the table.
namespace ms::markdown {

struct Table {
  enum class Align { none, left, center, right };
  std::size_t lines = 0;  ///< how many it takes
  std::vector<Align> columns;
  std::vector<std::vector<std::string_view>> rows;  ///< the head first; a row has at most `width` cells
  std::size_t width = 0;
};

/// The table that begins with the first of these lines.
std::optional<Table> find_table(std::span<const std::string_view> lines);

/// A short row is filled up with one wide cell: the size of the HTML is proportional to that of the lines.
void write_table(const Table& table, view::Out& out, LineWriter& line_writer);

}  // namespace ms::markdown
