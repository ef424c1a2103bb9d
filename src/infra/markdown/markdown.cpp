#include "infra/markdown/markdown.hpp"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// cmark-gfm parses; the tree is then changed before it is printed, because the printer knows neither rel on links nor
// headings below the page's own. The printer stays in its safe mode as a second wall.
//
// Debian 12's cmark-gfm 0.29.0.gfm.6 takes minutes for some tables, and pages that nest hundreds of elements break
// browsers: such texts are not rendered as Markdown, see too_odd() and prepare(). The test holds the known bombs.
namespace ms::markdown {
namespace {

constexpr std::size_t kMaxBytes = 256 * 1024;  // a book chapter; a post is far shorter
constexpr int kMaxDepth = 64;                  // browsers stop at 512 nested elements; people at about 5
constexpr int kMaxColumns = 40;                // a month has 31 days
constexpr int kMaxAts = 200;              // each is looked at as a mail address, by walking over the text around it
constexpr std::size_t kNodesPerByte = 2;  // more come only from rows that were filled up
constexpr int kMaxHeading = 6;
constexpr int kOptions = CMARK_OPT_HARDBREAKS | CMARK_OPT_VALIDATE_UTF8;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Parser = std::unique_ptr<cmark_parser, Freed<cmark_parser_free>>;
using Node = std::unique_ptr<cmark_node, Freed<cmark_node_free>>;
using Walk = std::unique_ptr<cmark_iter, Freed<cmark_iter_free>>;
using Printed = std::unique_ptr<char, Freed<std::free>>;

/// Paragraphs at empty lines, <br> at the others.
view::SafeHtml plain(std::string_view text) {
  view::Out out(text.size() + text.size() / 8);
  bool open = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      if (open) out.raw("</p>\n");
      open = false;
      continue;
    }
    out.raw(open ? "<br />\n" : "<p>");
    out.text(line);
    open = true;
  }
  if (open) out.raw("</p>\n");
  return view::SafeHtml::trusted(out.take());
}

/// Longer than anything a person writes, or a line with so many '|' that short rows below it would each be filled up
/// to a huge row of a table (advisory GHSA-24f7-9frr-5h2r),
/// or more mail addresses than a post has.
bool too_odd(std::string_view text) {
  if (text.size() > kMaxBytes) return true;
  int columns = 0;
  int ats = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') columns = 0;
    if (c == '|' && ++columns > kMaxColumns) return true;
    if (c == '@' && ++ats > kMaxAts) return true;
  }
  return false;
}

cmark_node* text_node(const char* literal) {
  cmark_node* node = cmark_node_new(CMARK_NODE_TEXT);
  cmark_node_set_literal(node, literal);
  return node;
}

/// Puts `fresh` where `old` stands, with old's children, and frees `old`.
void replace(cmark_node* old, cmark_node* fresh) {
  while (cmark_node* child = cmark_node_first_child(old)) cmark_node_append_child(fresh, child);
  cmark_node_replace(old, fresh);
  cmark_node_free(old);
}

void rewrite_link(cmark_node* link) {
  view::Out out(128);
  out.raw("<a href=\"");
  out.url(cmark_node_get_url(link));
  out.raw("\"");
  if (const std::string_view title = cmark_node_get_title(link); !title.empty()) {
    out.raw(" title=\"");
    out.text(title);
    out.raw("\"");
  }
  out.raw(" rel=\"nofollow ugc noopener\">");
  cmark_node* fresh = cmark_node_new(CMARK_NODE_CUSTOM_INLINE);
  cmark_node_set_on_enter(fresh, out.str().c_str());
  cmark_node_set_on_exit(fresh, "</a>");
  replace(link, fresh);
}

void rewrite_html_block(cmark_node* block) {
  cmark_node* paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH);
  cmark_node_append_child(paragraph, text_node(cmark_node_get_literal(block)));
  replace(block, paragraph);
}

void rewrite(cmark_node* node) {
  const cmark_node_type type = cmark_node_get_type(node);
  if (type == CMARK_NODE_HEADING) {
    cmark_node_set_heading_level(node, std::min(kMaxHeading, cmark_node_get_heading_level(node) + 1));
  } else if (type == CMARK_NODE_LINK) {
    rewrite_link(node);
  } else if (type == CMARK_NODE_HTML_INLINE) {
    replace(node, text_node(cmark_node_get_literal(node)));
  } else if (type == CMARK_NODE_HTML_BLOCK) {
    rewrite_html_block(node);
  }
}

/// Changes the tree for printing; false when it is nested too deeply or has more than `most` nodes.
bool prepare(cmark_node* document, std::size_t most) {
  std::vector<cmark_node*> nodes;  // gathered first: an iterator must not see its node replaced
  int depth = 0;
  const Walk walk(cmark_iter_new(document));
  for (auto event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE; event = cmark_iter_next(walk.get())) {
    cmark_node* node = cmark_iter_get_node(walk.get());
    if (cmark_node_first_child(node) != nullptr) depth += event == CMARK_EVENT_ENTER ? 1 : -1;
    if (event == CMARK_EVENT_ENTER) nodes.push_back(node);
    if (depth > kMaxDepth || nodes.size() > most) return false;
  }
  std::ranges::for_each(nodes, rewrite);
  return true;
}

/// cmark-gfm keeps the characters of extensions in global tables while it parses.
std::mutex& library() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

view::SafeHtml render(std::string_view text) {
  if (too_odd(text)) return plain(text);
  const std::lock_guard lock(library());
  cmark_gfm_core_extensions_ensure_registered();
  const Parser parser(cmark_parser_new(kOptions));
  for (const char* name : {"table", "strikethrough", "autolink", "tasklist", "tagfilter"}) {
    cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser.get(), text.data(), text.size());
  const Node document(cmark_parser_finish(parser.get()));
  if (!prepare(document.get(), kNodesPerByte * text.size() + 1)) return plain(text);
  const Printed html(cmark_render_html(document.get(), kOptions, cmark_parser_get_syntax_extensions(parser.get())));
  return view::SafeHtml::trusted(html.get());
}

}  // namespace ms::markdown
