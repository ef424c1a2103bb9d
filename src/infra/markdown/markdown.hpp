#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infra/markdown/mention.hpp"
#include "infra/view/out.hpp"

// Members write Markdown, as Korean notices need it (docs/decisions/0028-markdown.md): a mark counts only where its
// writer surely meant it. The HTML that is rendered here is stored beside the text.
namespace ms::markdown {

/// Incremented when the same text gives different HTML, so that stored HTML is rendered again.
inline constexpr int kRendererVersion = 3;

/// The distinct mentions of a Markdown text in order, at most `max`; those in code and links do not count. A text
/// without "@" costs nothing, others cost as much as rendering.
std::vector<Mention> mentions(std::string_view text, std::size_t max);

/// The target of a mention: "@" and the longest matching `name` become a link to `href`.
struct Link {
  Mention written;
  std::string name;
  std::string href;
};

/// The mentions that were links in the HTML that an older renderer made of this text. Rendered again, it mentions the
/// same members, whatever their names are now.
std::vector<Link> kept_links(std::string_view text, std::string_view html);

/// Renders a Markdown text in UTF-8 as HTML that is safe to include in a page: HTML in the text is shown as text, links
/// lead only where view::Out::url allows and carry rel="nofollow ugc noopener", images become links, headings start at
/// h2 (h1 is the page's title), every line break counts. `links`: the mentions that become links. The cost and the size
/// of the HTML are proportional to the length of the text (tests/fuzz/markdown.cpp). Pure; any thread.
view::SafeHtml render(std::string_view text, std::span<const Link> links = {});

}  // namespace ms::markdown
