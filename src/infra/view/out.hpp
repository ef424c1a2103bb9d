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

// What generated view code (tools/viewc) writes into. Escaping is chosen by viewc from the place of the expression.
namespace ms::view {

/// The page being written: one growing buffer.
class Out {
 public:
  explicit Out(std::size_t expected = 32 * 1024) { grow(expected); }

  /// Literal HTML from a template. Half of a page is such pieces: inline, their sizes are known when it is compiled.
  void raw(Markup html) { append(html.html()); }

  /// Escapes & < > " ' : for element text and quoted attribute values alike (WHATWG HTML 13.3, OWASP XSS rule 1 and 2).
  void text(std::string_view value);
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  void text(T number) {
    constexpr std::size_t kMax = 20;  // characters, of the lowest std::int64_t
    char* const at = room(kMax);
    size_ += static_cast<std::size_t>(std::to_chars(at, at + kMax, number).ptr - at);
  }
  template <class Tag>
  void text(Id<Tag> id) {
    text(id.value);
  }
  /// Only in element text; elsewhere viewc writes plain(), which does not take it.
  void text(const SafeHtml& html) { append(html.html()); }
  /// As text(), where elements cannot stand: quoted attribute values, <title>, <textarea>.
  template <class T>
    requires(!std::same_as<T, SafeHtml>)
  void plain(const T& value) {
    text(value);
  }

  /// A whole URL attribute (href, src, action, …): http, https, mailto, tel or what begins with /, ? or #; anything
  /// else, control characters and //host becomes "#".
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

  /// For whom it is written, 0 for a guest; nothing for a piece of many readers' pages. Forms say it
  /// (web::member_field).
  std::optional<MemberId> reader() const noexcept { return reader_; }
  void set_reader(MemberId reader) noexcept { reader_ = reader; }

  /// What was written so far, which is not there any more.
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
  /// Where the next `size` bytes may stand.
  char* room(std::size_t size) {
    if (buffer_.size() - size_ < size) grow(size);
    return buffer_.data() + size_;
  }
  void grow(std::size_t more);

  std::string buffer_;  // of which the first size_ bytes are written
  std::size_t size_ = 0;
  std::optional<MemberId> reader_;
};

/// A piece of a page handed to another view, such as the content to a layout. Called while the caller's frame lives.
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

/// What `write` writes, to be put into many pages. They may be different readers', so it must know of none: call it
/// where no Viewer is at hand.
template <std::invocable<Out&> F>
SafeHtml written(F&& write) {
  constexpr std::size_t kSmall = 4 * 1024;
  Out out(kSmall);
  write(out);
  return SafeHtml(std::string(out.str()));  // just as large as it must be
}

}  // namespace ms::view
