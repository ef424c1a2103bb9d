#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infra/markdown/mention.hpp"
#include "infra/view/out.hpp"

// What members write is Markdown as Korean notices need it (docs/decisions/0028-markdown.md): a mark counts only where
// its writer surely meant it. What is stored beside it is the HTML made here once.
namespace ms::markdown {

/// Goes up when the same text gives other HTML, so that stored HTML is rendered again.
inline constexpr int kRendererVersion = 3;

/// The different mentions of a Markdown text, in their order: those in code and links do not count. At most `max`. A
/// text without "@" costs nothing, another one as much as its rendering.
std::vector<Mention> mentions(std::string_view text, std::size_t max);

/// Who a mention is: "@" and `name`, with which what was written begins, become a link to `href`.
struct Link {
  Mention written;
  std::string name;
  std::string href;
};

/// The mentions that were links in the HTML that an older renderer made of this text: rendered again, it names the same
/// members, whatever they are called today.
std::vector<Link> kept_links(std::string_view text, std::string_view html);

/// HTML of a Markdown text in UTF-8, safe to stand in a page as it is: HTML in the text is shown as text, links lead
/// only where view::Out::url allows and carry rel="nofollow ugc noopener", pictures are links, headings begin at h2
/// (the page has the h1), every line break counts. `links`: the mentions that lead somewhere. The cost and the size of
/// the HTML are proportional to the length of the text (tests/fuzz/markdown.cpp). Pure; any thread.
view::SafeHtml render(std::string_view text, std::span<const Link> links = {});

}  // namespace ms::markdown
