#include "infra/markdown/table.hpp"

#include <algorithm>

namespace ms::markdown {
namespace {

constexpr std::size_t kMaxColumns = 100;
constexpr std::size_t kMaxRows = 1000;  // further lines stay text

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// The next "|" that separates cells: not "\|".
std::size_t find_pipe(std::string_view line, std::size_t from) {
  for (std::size_t at = line.find('|', from); at != line.npos; at = line.find('|', at + 1)) {
    if (at == 0 || line[at - 1] != '\\') return at;
  }
  return line.npos;
}

std::vector<std::string_view> cells(std::string_view line) {
  line = trim(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  std::vector<std::string_view> out;
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(find_pipe(line, begin), line.size());
    out.push_back(trim(line.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

std::optional<Table::Align> alignment(std::string_view cell) {
  const bool left = cell.starts_with(':');
  if (left) cell.remove_prefix(1);
  const bool right = cell.ends_with(':');
  if (right) cell.remove_suffix(1);
  if (cell.empty() || cell.find_first_not_of('-') != cell.npos) return std::nullopt;
  if (left) return right ? Table::Align::center : Table::Align::left;
  return right ? Table::Align::right : Table::Align::none;
}

void write_cell(bool head, Table::Align align, std::string_view text, view::Out& out, LineWriter& line_writer) {
  head ? out.raw("<th scope=\"col\"") : out.raw("<td");
  if (align == Table::Align::left) out.raw(" align=\"left\"");
  if (align == Table::Align::center) out.raw(" align=\"center\"");
  if (align == Table::Align::right) out.raw(" align=\"right\"");
  out.raw(">");
  line_writer.write(text);
  head ? out.raw("</th>\n") : out.raw("</td>\n");
}

}  // namespace

std::optional<Table> find_table(std::span<const std::string_view> lines) {
  constexpr std::string_view kDelimiters = "|:- \t";
  if (lines.size() < 2 || lines[1].find_first_not_of(kDelimiters) != std::string_view::npos ||
      find_pipe(lines[0], 0) == std::string_view::npos || !lines[1].contains('|')) {
    return std::nullopt;
  }
  Table out;
  for (const std::string_view cell : cells(lines[1])) {
    const auto align = alignment(cell);
    if (!align) return std::nullopt;
    out.columns.push_back(*align);
  }
  out.rows.push_back(cells(lines[0]));
  if (out.columns.size() != out.rows[0].size() || out.columns.size() > kMaxColumns) return std::nullopt;
  out.width = out.columns.size();
  const bool bar = trim(lines[0]).starts_with('|');
  for (out.lines = 2; out.lines < lines.size() && out.lines < kMaxRows; ++out.lines) {
    const std::string_view line = lines[out.lines];
    if (find_pipe(line, 0) == std::string_view::npos || (bar && !trim(line).starts_with('|'))) break;
    out.rows.push_back(cells(line));
    out.width = std::max(out.width, out.rows.back().size());
  }
  return out;
}

void write_table(const Table& table, view::Out& out, LineWriter& line_writer) {
  out.raw("<table>\n<thead>\n");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    out.raw("<tr>\n");
    for (std::size_t column = 0; column < row.size(); ++column) {
      const auto align = column < table.columns.size() ? table.columns[column] : Table::Align::none;
      write_cell(i == 0, align, row[column], out, line_writer);
    }
    if (row.size() < table.width) {
      out.raw("<td colspan=\"");
      out.text(table.width - row.size());
      out.raw("\"></td>\n");
    }
    out.raw("</tr>\n");
    if (i == 0) out.raw("</thead>\n");
    if (i == 0 && table.rows.size() > 1) out.raw("<tbody>\n");
  }
  if (table.rows.size() > 1) out.raw("</tbody>\n");
  out.raw("</table>\n");
}

}  // namespace ms::markdown
