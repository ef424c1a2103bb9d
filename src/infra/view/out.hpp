#pragma once
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "infra/core/id.hpp"
#include "infra/view/safe_html.hpp"

// Generated view code (tools/viewc) writes into this. viewc chooses the escaping by the context of each expression.
namespace ms::view {

/// The page that is being written: one growing buffer.
class Out {
 public:
  explicit Out(std::size_t expected = 32 * 1024) { grow(expected); }

  /// Literal HTML from a template. Half of a page is such literals: inline, their sizes are compile-time constants.
  void raw(Markup html) { append(html.html()); }

  /// Escapes & < > " ': valid in element text and in quoted attribute values (WHATWG HTML 13.3, OWASP XSS rules 1 and
  /// 2).
  void text(std::string_view value);
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  void text(T number) {
    constexpr std::size_t kMax = 20;  // characters, of the smallest std::int64_t
    char* const at = room(kMax);
    size_ += static_cast<std::size_t>(std::to_chars(at, at + kMax, number).ptr - at);
  }
  template <class Tag>
  void text(Id<Tag> id) {
    text(id.value);
  }
  /// Only in element text; elsewhere viewc calls plain(), which does not accept it.
  void text(const SafeHtml& html) { append(html.html()); }
  /// Like text(), in places where elements are not allowed: quoted attribute values, <title>, <textarea>.
  template <class T>
    requires(!std::same_as<T, SafeHtml>)
  void plain(const T& value) {
    text(value);
  }

  /// A whole URL attribute (href, src, action, …): http, https, mailto, tel, or a URL that begins with /, ? or #.
  /// Anything else, control characters and //host become "#".
  void url(std::string_view value);
  /// A part of a URL after literal text (href="/boards/{{ slug }}"): percent-encoded as one segment or value.
  void url_part(std::string_view value);
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  void url_part(T number) {
    text(number);
  }
  template <class Tag>
  void url_part(Id<Tag> id) {
    text(id.value);
  }

  /// The member for whom this is written, 0 for a guest; nothing for a fragment that many viewers share. Forms contain
  /// it (web::member_field).
  std::optional<MemberId> viewer() const noexcept { return viewer_; }
  void set_viewer(MemberId viewer) noexcept { viewer_ = viewer; }

  /// Returns the text written so far and empties the buffer.
  std::string take() {
    buffer_.resize(std::exchange(size_, 0));
    return std::exchange(buffer_, {});
  }
  std::string_view str() const noexcept { return {buffer_.data(), size_}; }

 private:
  void append(std::string_view html) {
    std::char_traits<char>::copy(room(html.size()), html.data(), html.size());
    size_ += html.size();
  }
  /// Returns where the next `size` bytes go.
  char* room(std::size_t size) {
    if (buffer_.size() - size_ < size) grow(size);
    return buffer_.data() + size_;
  }
  void grow(std::size_t more);

  std::string buffer_;  // the first size_ bytes are written
  std::size_t size_ = 0;
  std::optional<MemberId> viewer_;
};

/// A part of a page that is passed to another view, such as a layout's content. Called while the caller's frame lives.
class Body {
 public:
  template <class F>
    requires(std::invocable<F&, Out&> && !std::same_as<std::remove_cvref_t<F>, Body>)
  Body(F&& function) noexcept  // NOLINT(google-explicit-constructor): a lambda at the call is the point
      : object_(const_cast<void*>(static_cast<const void*>(&function))),
        call_([](void* object, Out& out) { (*static_cast<std::remove_reference_t<F>*>(object))(out); }) {}
  void operator()(Out& out) const { call_(object_, out); }

 private:
  void* object_;
  void (*call_)(void*, Out&);
};

/// The output of `write` as HTML for many pages. Their viewers may differ, so it must depend on none: call it where no
/// Viewer is in scope.
template <std::invocable<Out&> F>
SafeHtml written(F&& write) {
  constexpr std::size_t kSmall = 4 * 1024;
  Out out(kSmall);
  write(out);
  return SafeHtml(std::string(out.str()));  // a copy of the exact size
}

}  // namespace ms::view
