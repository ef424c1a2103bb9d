#include "infra/markdown/block.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "infra/core/message.hpp"
#include "infra/markdown/table.hpp"

namespace ms::markdown {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxIndent = 3;  // of the first line of a block
constexpr std::size_t kTab = 4;
struct HeadingTags {
  view::Markup begin;
  view::Markup end;
};
/// By level; h1 is the page's title.
constexpr std::array<HeadingTags, 5> kHeadingTags{
    {{"<h2>", "</h2>\n"}, {"<h3>", "</h3>\n"}, {"<h4>", "</h4>\n"}, {"<h5>", "</h5>\n"}, {"<h6>", "</h6>\n"}}};
constexpr std::size_t kMaxHeading = 6;
constexpr std::size_t kMinRule = 3;
constexpr std::size_t kMinFence = 3;
constexpr std::size_t kMaxDigits = 3;  // "2026. 3. 2." is a date

std::string_view trim_right(std::string_view line) { return line.substr(0, line.find_last_not_of(" \t") + 1); }

std::string_view trim_left(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
}

std::string_view trim(std::string_view line) {
  line = trim_left(line);
  return line.substr(0, line.find_last_not_of(" \t") + 1);
}

std::size_t indent(std::string_view line) {
  std::size_t columns = 0;
  for (const char c : line) {
    if (c != ' ' && c != '\t') break;
    columns += c == '\t' ? kTab : 1;
  }
  return columns;
}

/// The line without `columns` of leading white space, or without all of it when there is less.
std::string_view dedent(std::string_view line, std::size_t columns) {
  while (!line.empty() && columns > 0 && (line[0] == ' ' || line[0] == '\t')) {
    columns -= std::min(columns, line[0] == '\t' ? kTab : 1);
    line.remove_prefix(1);
  }
  return line;
}

std::size_t run_of(std::string_view line, char c) { return std::min(line.find_first_not_of(c), line.size()); }

struct Heading {
  std::size_t level = 0;  ///< 0: none
  std::string_view text;
};
/// "# 제목", but not "#1반" and not "#" alone. An equal run at the end belongs to the heading.
Heading heading(std::string_view line) {
  const std::string_view rest = trim_left(line);
  const std::size_t level = run_of(rest, '#');
  if (level == 0 || level > kMaxHeading || indent(line) > kMaxIndent || level == rest.size() ||
      (rest[level] != ' ' && rest[level] != '\t')) {
    return {};
  }
  std::string_view text = trim(rest.substr(level));
  const std::size_t close = text.find_last_not_of('#') + 1;
  if (level > 1 && text.size() - close == level && close > 0 && text[close - 1] == ' ')
    text = trim(text.substr(0, close));
  return text.empty() || text.find_first_not_of('#') == text.npos ? Heading() : Heading{level, text};
}

/// A line of "-" or "*" alone. Not of "_", which marks a blank to fill in, and not "- - -".
bool is_rule(std::string_view line) {
  const std::string_view rest = trim(line);
  return rest.size() >= kMinRule && indent(line) <= kMaxIndent && (rest[0] == '-' || rest[0] == '*') &&
         run_of(rest, rest[0]) == rest.size();
}

/// How many backticks open a code block; 0 for none. "~~~" is a way to write in Korean, not a fence.
std::size_t opening_fence(std::string_view line) {
  const std::string_view rest = trim_left(line);
  const std::size_t size = run_of(rest, '`');
  return size >= kMinFence && !rest.substr(size).contains('`') ? size : 0;
}

std::size_t closing_fence(std::string_view line) {
  const std::string_view rest = trim(line);
  return run_of(rest, '`') == rest.size() ? rest.size() : 0;
}

/// "> 인용", and ">" inside a quote. Not ">_<" and not ">> 바로 가기".
bool is_quote(std::string_view line, bool within) {
  const std::string_view rest = trim_left(line);
  if (!rest.starts_with('>') || indent(line) > kMaxIndent) return false;
  return rest.size() == 1 ? within : rest[1] == ' ' || rest[1] == '\t';
}

struct Marker {
  std::size_t indent;
  std::size_t content;  ///< further lines from this column on surely belong to the item
  char kind;            ///< '-', '*' or '1'
  unsigned number;
  std::string_view text;
};

std::optional<Marker> bullet(std::string_view line) {
  const std::string_view rest = trim_left(line);
  if (rest.size() < 2 || (rest[0] != '-' && rest[0] != '*') || (rest[1] != ' ' && rest[1] != '\t')) return std::nullopt;
  const std::string_view text = trim(rest.substr(1));
  // "- 아 래 -" and "- 3 -" are framed text; "-" alone is not an item.
  if (text.empty() || (text.back() == rest[0] && (text.size() == 1 || text[text.size() - 2] == ' ')))
    return std::nullopt;
  const std::size_t column = indent(line);
  return Marker{column, column + 2, rest[0], 0, text};
}

/// "1. 일시". numbers_are_lists() decides whether it is an item.
std::optional<Marker> number(std::string_view line) {
  const std::string_view rest = trim_left(line);
  unsigned value = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  const auto digits = static_cast<std::size_t>(stop - rest.data());
  if (error != std::errc() || digits + 1 >= rest.size() || rest[digits] != '.' ||
      (rest[digits + 1] != ' ' && rest[digits + 1] != '\t')) {
    return std::nullopt;
  }
  const std::string_view text = trim(rest.substr(digits + 1));
  if (text.empty()) return std::nullopt;
  const std::size_t column = indent(line);
  // Numbers that no list has count as 0: "01.", "2026."
  return Marker{column, column + digits + 2, '1', digits > kMaxDigits || rest[0] == '0' ? 0 : value, text};
}

/// "2. (월)", "25. 성탄절", "15(월)", "9~13", "3/2", "5일": what follows the month of a date.
bool continues_date(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return false;
  const std::string_view rest = text.substr(digits);
  return rest.empty() || std::string_view(".(~/-").contains(rest[0]) || rest.starts_with("일") ||
         rest.starts_with(" ~");
}

/// Whether all numbered lines at this level are list items: 1, 2, 3, … without a gap. Otherwise they are dates, a part
/// of an agenda, sections or scores, and stay as they were typed.
bool numbers_are_lists(const Lines& lines) {
  unsigned last = 0;
  for (const std::string_view line : lines) {
    if (indent(line) > 1) continue;
    const auto found = number(line);
    if (!found) continue;
    if (found->number == 0 || continues_date(found->text)) return false;
    if (found->number == 1 ? last == 1 : found->number != last + 1) return false;
    last = found->number;
  }
  return last > 1;
}

char task(std::string_view text) {
  const bool is = text.size() > 4 && text[0] == '[' && text[2] == ']' && text[3] == ' ';
  return is && std::string_view(" xX").contains(text[1]) ? text[1] : '\0';
}

}  // namespace

void BlockWriter::write(const Lines& lines) { blocks({.lines = lines, .depth = 0, .in_list = false, .tight = false}); }

void BlockWriter::blocks(Level level) {
  level.numbers = numbers_are_lists(level.lines);
  for (std::size_t at = 0; at < level.lines.size();) at = block(level, at);
  end_paragraph();
}

/// Writes the block that begins at a line and returns the line after it.
std::size_t BlockWriter::block(Level& level, std::size_t at) {
  const std::string_view line = level.lines[at];
  if (trim_left(line).empty()) {
    end_paragraph();
    return at + 1;
  }
  if (const std::size_t end = code(level, at); end > at) return end;
  if (const std::size_t end = quote(level, at); end > at) return end;
  if (const std::size_t end = table(level, at); end > at) return end;
  if (const std::size_t end = list(level, at); end > at) return end;
  if (const Heading found = heading(line); found.level > 0) {
    end_paragraph();
    const HeadingTags& tags = kHeadingTags[std::min(found.level - 1, kHeadingTags.size() - 1)];
    out_.raw(tags.begin);
    line_writer_.write(found.text);
    out_.raw(tags.end);
  } else if (is_rule(line)) {
    end_paragraph();
    out_.raw("<hr />\n");
  } else {
    paragraph(level, line);
  }
  return at + 1;
}

void BlockWriter::paragraph(const Level& level, std::string_view line) {
  if (paragraph_ != Paragraph::none) {
    out_.raw("<br />\n");
  } else if (!level.tight) {
    out_.raw("<p>");
  }
  paragraph_ = level.tight ? Paragraph::bare : Paragraph::open;
  line_writer_.write(trim_right(line));
}

void BlockWriter::end_paragraph() {
  if (paragraph_ == Paragraph::open) out_.raw("</p>\n");
  paragraph_ = Paragraph::none;
}

std::size_t BlockWriter::code(Level& level, std::size_t at) {
  const std::size_t fence = opening_fence(level.lines[at]);
  if (fence == 0 || (level.no_fence > 0 && fence >= level.no_fence)) return at;
  std::size_t end = at + 1;
  while (end < level.lines.size() && closing_fence(level.lines[end]) < fence) ++end;
  if (end == level.lines.size()) {
    level.no_fence = fence;
    return at;
  }
  end_paragraph();
  const std::size_t columns = indent(level.lines[at]);
  out_.raw("<pre><code>");
  for (std::size_t i = at + 1; i < end; ++i) {
    out_.text(dedent(level.lines[i], columns));
    out_.raw("\n");
  }
  out_.raw("</code></pre>\n");
  return end + 1;
}

std::size_t BlockWriter::quote(const Level& level, std::size_t at) {
  if (level.depth >= kMaxDepth || !is_quote(level.lines[at], false)) return at;
  Lines lines;
  std::size_t end = at;
  for (; end < level.lines.size() && is_quote(level.lines[end], true); ++end) {
    lines.push_back(dedent(trim_left(level.lines[end]).substr(1), 1));
  }
  end_paragraph();
  out_.raw("<blockquote>\n");
  blocks({.lines = lines, .depth = level.depth + 1, .in_list = false, .tight = false});
  out_.raw("</blockquote>\n");
  return end;
}

std::size_t BlockWriter::table(const Level& level, std::size_t at) {
  const auto found = find_table(std::span(level.lines).subspan(at));
  if (!found) return at;
  end_paragraph();
  write_table(*found, out_, line_writer_);
  return at + found->lines;
}

std::size_t BlockWriter::list(const Level& level, std::size_t at) {
  if (level.depth >= kMaxDepth) return at;
  const bool numbered = level.numbers && indent(level.lines[at]) <= 1 && number(level.lines[at]).has_value();
  if (!numbered && !bullet(level.lines[at])) return at;
  const List found = gather(level, at);
  // A single line that begins with "-" or "*" is a note, an answer or a signature.
  const bool task = std::ranges::any_of(found.items, [](const Item& item) { return item.task != '\0'; });
  if (!numbered && found.marks < 2 && !level.in_list && !task) return at;
  end_paragraph();
  write_list(level, found);
  return found.end;
}

/// The list that begins at a line. An unindented line that is not an item ends it.
BlockWriter::List BlockWriter::gather(const Level& level, std::size_t at) {
  const auto marker = [&](std::string_view line) {
    auto found = level.numbers && indent(line) <= 1 ? number(line) : std::nullopt;
    return found ? found : bullet(line);
  };
  List out;
  Marker last = *marker(level.lines[at]);
  out.start = last.number;
  const auto is_next = [&](const std::optional<Marker>& found) {
    return found && found->kind == last.kind && found->indent < last.content &&
           (last.kind != '1' || found->number == last.number + 1);
  };
  const auto add = [&](const Marker& found) {
    const char done = task(found.text);
    out.items.push_back({.lines = {done == '\0' ? found.text : trim_left(found.text.substr(3))}, .task = done});
    ++out.marks;
  };
  add(last);
  for (out.end = at + 1; out.end < level.lines.size();) {
    const std::string_view line = level.lines[out.end];
    Lines& lines = out.items.back().lines;
    if (trim_left(line).empty()) {
      std::size_t next = out.end;
      while (next < level.lines.size() && trim_left(level.lines[next]).empty()) ++next;
      if (next == level.lines.size()) break;
      const auto found = marker(level.lines[next]);
      if (!is_next(found) && indent(level.lines[next]) < last.content) break;
      if (!is_next(found)) lines.emplace_back();
      out.loose = true;
      out.end = next;
      continue;
    }
    const auto found = marker(line);
    if (is_next(found)) {
      last = *found;
      add(last);
    } else if (indent(line) > last.indent) {
      lines.push_back(dedent(line, last.content));
      if (found) ++out.marks;
    } else {
      break;
    }
    ++out.end;
  }
  return out;
}

void BlockWriter::write_list(const Level& level, const List& list) {
  list.start == 0 ? out_.raw("<ul>\n") : out_.raw("<ol");
  if (list.start > 1) {
    out_.raw(" start=\"");
    out_.text(list.start);
    out_.raw("\"");
  }
  if (list.start > 0) out_.raw(">\n");
  for (const Item& item : list.items) {
    if (item.task == '\0') {
      out_.raw("<li>");
    } else {
      // Screen readers announce the state of a task too.
      const bool done = item.task != ' ';
      out_.raw("<li class=\"task\"><span role=\"img\" aria-label=\"");
      out_.text(tr(done ? "markdown.done"_msg : "markdown.not_done"_msg));
      done ? out_.raw("\">☑</span> ") : out_.raw("\">☐</span> ");
    }
    blocks({.lines = item.lines, .depth = level.depth + 1, .in_list = true, .tight = !list.loose});
    out_.raw("</li>\n");
  }
  list.start == 0 ? out_.raw("</ul>\n") : out_.raw("</ol>\n");
}

}  // namespace ms::markdown
