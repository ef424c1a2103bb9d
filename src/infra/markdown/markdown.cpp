#include "infra/markdown/markdown.hpp"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
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
  cmark_node_set_on_enter(fresh, out.take().c_str());
  cmark_node_set_on_exit(fresh, "</a>");
  replace(link, fresh);
}

void rewrite_html_block(cmark_node* block) {
  cmark_node* paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH);
  cmark_node_append_child(paragraph, text_node(cmark_node_get_literal(block)));
  replace(block, paragraph);
}

/// Puts what stands between two mentions, and the mentions that lead somewhere, where the text node stands.
void link_mentions(cmark_node* node, std::span<const Link> links) {
  const std::string text = cmark_node_get_literal(node);
  std::size_t done = 0;
  const auto put = [&](cmark_node* fresh) { cmark_node_insert_before(node, fresh); };
  for (const Spot& spot : spots(text)) {
    const auto link = std::ranges::find(links, spot.mention, &Link::written);
    if (link == links.end()) continue;
    put(text_node(text.substr(done, spot.at - done).c_str()));
    view::Out out(96);
    out.raw("<a class=\"mention\" href=\"");
    out.url(link->href);
    out.raw("\">@");
    out.text(link->name);
    out.raw("</a>");
    cmark_node* fresh = cmark_node_new(CMARK_NODE_CUSTOM_INLINE);
    cmark_node_set_on_enter(fresh, out.take().c_str());
    put(fresh);
    // Of "@이름님" the name is the link; of "@이름#57" the number is not shown.
    done = spot.at + (spot.mention.id == 0 ? 1 + link->name.size() : spot.size);
  }
  if (done > 0) cmark_node_set_literal(node, text.substr(done).c_str());
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

/// The nodes of a tree, gathered because an iterator must not see its node replaced.
struct Nodes {
  std::vector<cmark_node*> all;
  std::vector<cmark_node*> texts;  ///< outside of links and pictures
};

/// Nothing when the tree is nested too deeply or has more than `most` nodes.
std::optional<Nodes> gather(cmark_node* document, std::size_t most) {
  Nodes out;
  int depth = 0;
  int links = 0;
  const Walk walk(cmark_iter_new(document));
  for (auto event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE; event = cmark_iter_next(walk.get())) {
    cmark_node* node = cmark_iter_get_node(walk.get());
    const cmark_node_type type = cmark_node_get_type(node);
    const int step = event == CMARK_EVENT_ENTER ? 1 : -1;
    if (cmark_node_first_child(node) != nullptr) depth += step;
    if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE) links += step;
    if (event == CMARK_EVENT_ENTER) out.all.push_back(node);
    if (type == CMARK_NODE_TEXT && links == 0) out.texts.push_back(node);
    if (depth > kMaxDepth || out.all.size() > most) return std::nullopt;
  }
  return out;
}

/// cmark-gfm keeps the characters of extensions in global tables while it parses.
std::mutex& library() {
  static std::mutex mutex;
  return mutex;
}

/// Holds the library for as long as a text is worked on.
class Parsed {
 public:
  explicit Parsed(std::string_view text);
  cmark_node* document() const { return document_.get(); }
  Printed html() const {
    return Printed(cmark_render_html(document_.get(), kOptions, cmark_parser_get_syntax_extensions(parser_.get())));
  }

 private:
  std::lock_guard<std::mutex> lock_;
  Parser parser_;
  Node document_;
};

Parsed::Parsed(std::string_view text) : lock_(library()) {
  cmark_gfm_core_extensions_ensure_registered();
  parser_.reset(cmark_parser_new(kOptions));
  for (const char* name : {"table", "strikethrough", "autolink", "tasklist", "tagfilter"}) {
    cmark_parser_attach_syntax_extension(parser_.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser_.get(), text.data(), text.size());
  document_.reset(cmark_parser_finish(parser_.get()));
  // A mention is not to end where the parser cut the text, as at the '_' of a name.
  if (text.contains('@')) cmark_consolidate_text_nodes(document_.get());
}

std::size_t most_nodes(std::string_view text) { return kNodesPerByte * text.size() + 1; }

/// Adds those that are new; false when there are `most`.
bool add_mentions(std::string_view text, std::size_t most, std::vector<Mention>& out) {
  for (Spot& spot : spots(text)) {
    if (out.size() == most) return false;
    if (std::ranges::find(out, spot.mention) == out.end()) out.push_back(std::move(spot.mention));
  }
  return true;
}

}  // namespace

std::vector<Mention> mentions(std::string_view text, std::size_t most) {
  std::vector<Mention> out;
  if (!text.contains('@')) return out;
  if (too_odd(text)) {
    add_mentions(text, most, out);
    if (out.size() < most) out.clear();
    return out;
  }
  const Parsed parsed(text);
  const auto nodes = gather(parsed.document(), most_nodes(text));
  if (!nodes) return out;
  for (cmark_node* node : nodes->texts) {
    if (!add_mentions(cmark_node_get_literal(node), most, out)) break;
  }
  return out;
}

view::SafeHtml render(std::string_view text, std::span<const Link> links) {
  if (too_odd(text)) return plain(text);
  const Parsed parsed(text);
  const auto nodes = gather(parsed.document(), most_nodes(text));
  if (!nodes) return plain(text);
  if (!links.empty()) {
    for (cmark_node* node : nodes->texts) link_mentions(node, links);
  }
  std::ranges::for_each(nodes->all, rewrite);
  return view::SafeHtml::trusted(parsed.html().get());
}

}  // namespace ms::markdown
