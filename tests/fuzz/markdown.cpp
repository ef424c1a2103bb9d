// Members' texts: any text becomes well-formed HTML of a few elements, whose size and cost are proportional to it.
#include "infra/markdown/markdown.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/text.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;

constexpr std::uint64_t kFixed = 20'000;   // loads
constexpr std::uint64_t kPerByte = 1'000;  // a post of 200 kB then stays below 50 ms
constexpr std::size_t kMaxGrowth = 70;     // bytes of HTML for a byte: "|" is a cell, "|\n" a row
constexpr std::size_t kRepeated = 4'096;   // what is short is tried that long, too
constexpr std::size_t kShort = 32;
constexpr std::size_t kMaxElements = 64;  // nested; browsers stop at 512

/// The schemes and the paths that a link may have; letters of a scheme have no case (RFC 3986 3.1).
bool leads_elsewhere(std::string_view tag) {
  const std::string lower = ms::ascii_lower(tag);
  return std::ranges::any_of(std::to_array({"http://", "https://", "mailto:", "tel:", "/", "#", "?"}),
                             [&](const char* begin) { return lower.contains(std::string("href=\"") + begin); });
}

/// Every element is closed in its turn, and no other ones and no other attributes come than the renderer has.
void check_html(std::string_view html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != html.npos; at = html.find('<', at)) {
    const std::size_t end = html.find('>', at);
    require(end != html.npos, "a tag without end", html);
    const std::string_view tag = html.substr(at + 1, end - at - 1);
    const std::string name(tag.substr(0, tag.find(' ')));
    at = end;
    if (name.starts_with('/')) {
      require(!open.empty() && open.back() == name.substr(1), "not well-formed", html);
      open.pop_back();
      continue;
    }
    require(std::string_view(
                " p br hr h2 h3 h4 h5 h6 ul ol li blockquote pre code table thead tbody tr th td a em strong del span ")
                .contains(" " + name + " "),
            "another element", html);
    require(!tag.contains(" on") || tag.contains("=\""), "an attribute that acts", html);
    require(name != "a" || leads_elsewhere(tag), "another scheme", html);
    if (name == "br" || name == "hr") continue;
    if (name == "a") {
      for (const std::string& around : open) require(around != "a", "a link in a link", html);
    }
    open.push_back(name);
    require(open.size() <= kMaxElements, "too deep", html);
  }
  require(open.empty(), "not closed", html);
}

void check(std::string_view text) {
  const std::vector<ms::markdown::Link> links = {{{"kim", 0}, "kim", "/members/3"},
                                                 {{"이서준", 57}, "이서준", "/members/57"}};
  const auto begin = ms::fuzz::loads();
  const auto html = ms::markdown::render(text, links);
  ms::fuzz::check_work(begin, text.size(), kFixed, kPerByte);
  require(html.html().size() <= kMaxGrowth * text.size() + kMaxGrowth, "too much HTML", html.html());
  check_html(html.html());
  const auto before = ms::fuzz::loads();
  ms::markdown::mentions(text, 21);
  ms::fuzz::check_work(before, text.size(), kFixed, 2 * kPerByte);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text);
  if (size == 0 || size > kShort) return 0;
  std::string repeated;
  while (repeated.size() < kRepeated) repeated += text;
  check(repeated);
  if (size == 1) return 0;  // it has no two halves
  // One line, then many of another.
  const std::size_t half = size / 2;
  repeated.clear();
  while (repeated.size() < kRepeated)
    repeated += repeated.size() < kRepeated / 2 ? text.substr(0, half) : text.substr(half);
  check(repeated);
  return 0;
}
