#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infra/markdown/mention.hpp"
#include "infra/view/out.hpp"

// What members write is Markdown (GitHub Flavored Markdown 0.29); what is stored beside it is the HTML made here once.
namespace ms::markdown {

/// Goes up when the same text gives other HTML, so that stored HTML can be made anew.
inline constexpr int kRendererVersion = 1;

/// The different mentions of a Markdown text, in their order: those in code and links do not count. At most `most`. A
/// text without "@" costs nothing; one that is not rendered as Markdown (see render) has none, or `most` at once.
std::vector<Mention> mentions(std::string_view text, std::size_t most);

/// Who a mention is: "@" and `name`, with which what was written begins, become a link to `href`.
struct Link {
  Mention written;
  std::string name;
  std::string href;
};

/// HTML of a Markdown text in UTF-8, safe to stand in a page as it is: HTML in the text is shown as text, links lead
/// only where view::Out::url allows and carry rel="nofollow ugc noopener", headings begin at h2 (the page has the h1),
/// and every line break counts. Text that is too long or too deeply nested to be written by a person becomes plain
/// paragraphs, so the cost stays proportional to the length. `links`: the mentions that lead somewhere. Any thread; one
/// rendering at a time (a lock inside).
view::SafeHtml render(std::string_view text, std::span<const Link> links = {});

}  // namespace ms::markdown
