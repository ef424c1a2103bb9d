#pragma once
#include <concepts>
#include <string>
#include <string_view>

// The normal form that text from outside gets on its way in, and what must not be in it (Unicode 15 by ICU; UAX #15
// normalization, UTS #39 confusables). Everything here takes any bytes: what is not UTF-8 is dropped and counts as
// forbidden. Any thread may call.
namespace ms::unicode {

/// Normalization Form C; ASCII costs a look at each byte.
std::string nfc(std::string_view text);
/// Normalization Form D, which macOS writes.
std::string nfd(std::string_view text);
/// NFC, with LF for each line break (Unicode 5.8): CR LF, CR, NEL, VT and FF (word processors paste them), U+2028,
/// U+2029.
std::string normal(std::string_view text);
/// Full-width ASCII (U+FF01 to U+FF5E) as ASCII, for what people compare: names, search terms.
std::string narrow(std::string_view text);
/// Lower case of the root locale, in NFC.
std::string lower(std::string_view text);
/// Normalization Form KC.
std::string nfkc(std::string_view text);
/// The domain of an address in ASCII (UTS #46, nontransitional); as it is when it is no domain.
std::string ascii_domain(std::string_view domain);
/// Its code points; a byte that is none of UTF-8 is U+FFFD.
std::u32string points(std::string_view text);

/// Whether anybody sees anything: a letter, digit, mark of punctuation or symbol that has a shape.
bool visible(std::string_view text);
/// Whether there is a letter that has a shape.
bool has_letter(std::string_view text);
/// Whether all that is not ASCII are letters, their marks and digits.
bool is_wordy(std::string_view text);
/// visible() for the text of HTML, without its tags and with its references to characters that do not show resolved.
bool visible_html(std::string_view html);

/// A name for a sentence in plain text: within isolates (U+2068, U+2069) when it holds letters that are written from
/// right to left, which would turn the sentence around; else as it is. In HTML there is <bdi>.
std::string isolated(std::string_view name);

/// Equal for texts that look alike: without case, width, spaces and punctuation, by UTS #39's skeleton. Only to be
/// compared, never to be shown.
std::string likeness(std::string_view text);

/// Most combining marks on one letter: enough for every living script.
inline constexpr int kMaxMarks = 5;

/// A text of one line: NFC; each run of white space, of whatever kind, is one space, none at the ends; no invisible
/// characters but those that emoji and scripts need (UAX #31 2.3); at most kMaxMarks marks on a letter. What no line
/// may hold (controls, Bidi controls, private and unassigned characters, tags outside of flags) is taken out, and
/// `pure` says that there was none.
class Line {
 public:
  Line() = default;
  template <std::convertible_to<std::string_view> T>
    requires(!std::derived_from<T, Line>)
  Line(const T& typed) {  // NOLINT(google-explicit-constructor): whatever becomes one gets the form
    set(typed);
  }

  const std::string& text() const noexcept { return text_; }
  operator std::string_view() const noexcept { return text_; }  // NOLINT(google-explicit-constructor): it is one
  bool empty() const noexcept { return text_.empty(); }
  bool pure() const noexcept { return pure_; }

 private:
  void set(std::string_view typed);

  std::string text_;
  bool pure_ = true;
};

/// A text of many lines, such as a post: NFC and LF; nothing is folded or trimmed. What no text may hold (controls,
/// Bidi overrides, noncharacters, tags outside of flags, piles of marks) is taken out, and `pure` says that there was
/// none.
class Text {
 public:
  Text() = default;
  template <std::convertible_to<std::string_view> T>
    requires(!std::derived_from<T, Text>)
  Text(const T& typed) {  // NOLINT(google-explicit-constructor): whatever becomes one gets the form
    set(typed);
  }

  const std::string& text() const noexcept { return text_; }
  operator std::string_view() const noexcept { return text_; }  // NOLINT(google-explicit-constructor): it is one
  bool pure() const noexcept { return pure_; }

 private:
  void set(std::string_view typed);

  std::string text_;
  bool pure_ = true;
};

}  // namespace ms::unicode
