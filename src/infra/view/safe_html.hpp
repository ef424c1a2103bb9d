#pragma once
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ms::view {
class Out;
class SafeHtml;
template <std::invocable<Out&> F>
SafeHtml written(F&& write);
}  // namespace ms::view
namespace ms::markdown {
struct Link;
view::SafeHtml render(std::string_view text, std::span<const Link> links);
}  // namespace ms::markdown
namespace ms::pg {
struct Cell;
void decode_cell(const Cell& cell, view::SafeHtml& out);
}  // namespace ms::pg

namespace ms::view {

/// HTML that needs no escaping. Its friends are all that can make one: the Markdown renderer, the codec of columns with
/// rendered HTML, and views. tools/check_html shows that nothing else can.
class SafeHtml {
 public:
  SafeHtml() = default;
  std::string_view html() const noexcept { return html_; }
  bool operator==(const SafeHtml&) const = default;

 private:
  friend SafeHtml markdown::render(std::string_view text, std::span<const markdown::Link> links);
  friend void pg::decode_cell(const pg::Cell& cell, SafeHtml& out);
  template <std::invocable<Out&> F>
  friend SafeHtml written(F&& write);

  explicit SafeHtml(std::string html) noexcept : html_(std::move(html)) {}
  std::string html_;
};

/// HTML that is written in the source: only a constant converts to it, never a computed or read value.
class Markup {
 public:
  template <class T>
    requires std::convertible_to<const T&, std::string_view>
  consteval Markup(const T& html)  // NOLINT(google-explicit-constructor): literals are passed as they are
      : html_(html) {}
  constexpr std::string_view html() const noexcept { return html_; }

 private:
  std::string_view html_;
};

}  // namespace ms::view
