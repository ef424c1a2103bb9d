#include "infra/markdown/bracket.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "infra/markdown/point.hpp"

namespace ms::markdown {
namespace {

bool leads_somewhere(std::string_view address) {
  const auto is_word = [&](std::size_t at) {
    return address.size() > at && is_ascii_letter(static_cast<unsigned char>(address[at]));
  };
  if (address.empty()) return false;
  if (address[0] == '#' || address[0] == '?') return is_word(1);
  if (address[0] == '/') return address.size() == 1 || (address[1] != '/' && address[1] != '\\');
  constexpr std::array<std::string_view, 5> kBegin = {"http://", "https://", "mailto:", "tel:", "www."};
  return std::ranges::any_of(kBegin, [&](std::string_view begin) {
    return address.size() > begin.size() &&
           std::ranges::equal(address.substr(0, begin.size()), begin, [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
           });
  });
}

/// The parentheses after "[text]"; end 0 when they are not a link: most brackets after brackets are not,
/// "[공지](필독)".
struct Target {
  std::string_view address, title;
  std::size_t end = 0;
};
Target target_at(std::string_view line, std::size_t at) {
  if (at >= line.size() || line[at] != '(') return {};
  const auto skip = [&](std::size_t from) { return std::min(line.find_first_not_of(" \t", from), line.size()); };
  const std::size_t begin = skip(at + 1);
  std::size_t end = begin;
  for (int depth = 0; end < line.size(); ++end) {
    const auto c = static_cast<unsigned char>(line[end]);
    if (c <= ' ' || std::string_view("<>[]\"`").contains(line[end]) || (c == ')' && depth == 0)) break;
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
  }
  Target out{line.substr(begin, end - begin), {}, 0};
  if (!leads_somewhere(out.address)) return {};
  end = skip(end);
  if (end < line.size() && (line[end] == '"' || line[end] == '\'')) {
    const std::size_t close = line.find(line[end], end + 1);
    if (close == line.npos) return {};
    out.title = line.substr(end + 1, close - end - 1);
    end = skip(close + 1);
  }
  if (end == line.size() || line[end] != ')') return {};
  out.end = end + 1;
  return out;
}

}  // namespace

std::size_t run_end(std::string_view line, std::size_t at) {
  return std::min(line.find_first_not_of(line[at], at), line.size());
}

bool escapes(std::string_view line, std::size_t at) {
  const char next = at + 1 < line.size() ? line[at + 1] : '\0';
  if (next == '.') return at > 0 && '0' <= line[at - 1] && line[at - 1] <= '9';  // "1\. "
  if (next == '_') return at + 2 == line.size() || line[at + 2] != '(';
  return next != '\0' && std::string_view("*~`#[]|>-@").contains(next);
}

// A run of backticks opens code up to the next run of the same length. Searched backwards, so that the next run of each
// length is known.
std::vector<Code> find_code(std::string_view line) {
  struct Ticks {
    std::uint32_t begin, end, next;
  };
  std::vector<Code> out;
  std::vector<Ticks> runs;
  for (std::size_t at = line.find('`'); at != line.npos; at = line.find('`', at)) {
    const std::size_t end = run_end(line, at);
    runs.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end), 0});
    at = end;
  }
  std::vector<std::uint32_t> next_of(line.size() + 1, 0);  // by length: a place in runs, and one more
  for (std::size_t i = runs.size(); i-- > 0;) {
    std::uint32_t& next = next_of[runs[i].end - runs[i].begin];
    runs[i].next = std::exchange(next, static_cast<std::uint32_t>(i + 1));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const bool escaped = runs[i].begin > 0 && line[runs[i].begin - 1] == '\\';
    if (runs[i].next == 0 || escaped) continue;
    const Ticks& close = runs[runs[i].next - 1];
    out.push_back({runs[i].begin, runs[i].end, close.begin, close.end});
    i = runs[i].next - 1;
  }
  return out;
}

// The algorithm of CommonMark: the inner link wins, so that no link contains another.
std::vector<Bracket> find_links(std::string_view line, const std::vector<Code>& codes) {
  struct Open {
    std::uint32_t at;
    bool image;
  };
  std::vector<Bracket> out;
  std::vector<Open> open;
  std::size_t around = 0;  // how many of the open ones surround a link and so are not links
  std::size_t code = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (code < codes.size() && at == codes[code].begin) {
      at = codes[code++].end - 1;
    } else if (c == '\\' && escapes(line, at)) {
      ++at;
    } else if (c == '[') {
      open.push_back({static_cast<std::uint32_t>(at), at > 0 && line[at - 1] == '!'});
    } else if (c == ']' && !open.empty()) {
      const Open bracket = open.back();
      open.pop_back();
      const bool none = !bracket.image && open.size() < around;
      around = std::min(around, open.size());
      const Target target = none ? Target() : target_at(line, at + 1);
      if (target.end == 0) continue;
      out.push_back({.open = bracket.at,
                     .close = static_cast<std::uint32_t>(at),
                     .end = static_cast<std::uint32_t>(target.end),
                     .address = target.address,
                     .title = target.title,
                     .image = bracket.image});
      if (!bracket.image) around = open.size();
      at = target.end - 1;
      while (code < codes.size() && codes[code].begin <= at) ++code;
    }
  }
  std::ranges::sort(out, {}, &Bracket::open);
  return out;
}

}  // namespace ms::markdown
