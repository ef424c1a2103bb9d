#include "infra/markdown/markdown.hpp"

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <string>
#include <vector>

#include "infra/markdown/block.hpp"
#include "infra/markdown/line.hpp"

namespace ms::markdown {
namespace {

constexpr std::size_t kMaxBytes = 256 * 1024;  // a book chapter; longer texts are not searched for marks
constexpr std::size_t kMaxMentions = 20;       // of a text, besides those that are links
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// Valid UTF-8 with "\n" as the only line end: replaces "\r\n" of forms, "\r", and Unicode's separators. Control
/// characters other than tabs are removed.
std::string normalized(std::string_view text) {
  using Utf8 = boost::locale::utf::utf_traits<char>;
  std::string out;
  out.reserve(text.size() + 1);
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const char* const begin = at;
    const auto byte = static_cast<unsigned char>(*at);
    if (byte >= 0x80) {
      const auto point = Utf8::decode(at, end);
      if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete) {
        at = begin + 1;
        out.append(kReplacement);
      } else if (point == 0x85 || point == 0x2028 || point == 0x2029) {
        out += '\n';
      } else {
        out.append(begin, at);
      }
      continue;
    }
    ++at;
    if (byte == '\r') {
      if (at != end && *at == '\n') ++at;
      out += '\n';
    } else if (byte >= ' ' ? byte != 0x7F : byte == '\n' || byte == '\t') {
      out += *begin;
    } else if (byte == 0) {
      out.append(kReplacement);
    }
  }
  return out;
}

Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Paragraphs are separated by empty lines; other line breaks become <br>.
void write_plain(const Lines& lines, view::Out& out) {
  bool open = false;
  for (const std::string_view line : lines) {
    if (line.empty()) {
      if (open) out.raw("</p>\n");
      open = false;
      continue;
    }
    open ? out.raw("<br />\n") : out.raw("<p>");
    out.text(line);
    open = true;
  }
  if (open) out.raw("</p>\n");
}

std::string write(std::string_view text, std::span<const Link> links, std::vector<Mention>* mentions) {
  const std::string content = normalized(text);
  const Lines lines = lines_of(content);
  view::Out out(content.size() + content.size() / 2 + 256);
  if (content.size() > kMaxBytes) {
    write_plain(lines, out);
  } else {
    LineWriter line_writer(out, links, mentions);
    BlockWriter(out, line_writer).write(lines);
  }
  return std::string(out.str());  // a copy of the exact size
}

}  // namespace

std::vector<Mention> mentions(std::string_view text, std::size_t max) {
  std::vector<Mention> out;
  if (!text.contains('@')) return out;
  std::vector<Mention> all;
  write(text, {}, &all);
  for (Mention& mention : all) {
    if (out.size() == max) break;
    if (std::ranges::find(out, mention) == out.end()) out.push_back(std::move(mention));
  }
  return out;
}

std::vector<Link> kept_links(std::string_view text, std::string_view html) {
  // The format of LineWriter::write_mention, and of all earlier renderers. Names contain nothing that is escaped.
  constexpr std::string_view kBegin = "<a class=\"mention\" href=\"";
  constexpr std::string_view kName = "\">@";
  std::vector<Link> old;
  for (std::size_t at = html.find(kBegin); at != html.npos; at = html.find(kBegin, at)) {
    at += kBegin.size();
    const std::size_t name = html.find(kName, at);
    const std::size_t end = html.find("</a>", at);
    if (name >= end || end == html.npos) break;
    old.push_back({{},
                   std::string(html.substr(name + kName.size(), end - name - kName.size())),
                   std::string(html.substr(at, name - at))});
  }
  std::vector<Link> out;
  if (old.empty()) return out;
  for (Mention& written : mentions(text, old.size() + kMaxMentions)) {
    const std::string id = "/" + std::to_string(written.id);
    // The longest match wins: "@김철수" is 김철수, even if 김철 is mentioned too.
    const Link* found = nullptr;
    for (const Link& link : old) {
      const bool fits = written.name.starts_with(link.name) && (written.id == 0 || link.href.ends_with(id));
      if (fits && (found == nullptr || link.name.size() > found->name.size())) found = &link;
    }
    if (found == nullptr) continue;
    out.push_back({std::move(written), found->name, found->href});
  }
  return out;
}

view::SafeHtml render(std::string_view text, std::span<const Link> links) {
  return view::SafeHtml(write(text, links, nullptr));
}

}  // namespace ms::markdown
