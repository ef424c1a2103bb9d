#pragma once
#include <concepts>
#include <string>
#include <string_view>

// The normal form into which text from outside is converted, and what it must not contain (Unicode 15 by ICU; UAX #15
// normalization, UTS #39 confusables). Every function accepts any bytes: invalid UTF-8 is dropped and counts as
// forbidden. Any thread may call them.
namespace ms::unicode {

/// Normalization Form C; ASCII costs one check per byte.
std::string nfc(std::string_view text);
/// Normalization Form D, which macOS writes.
std::string nfd(std::string_view text);
/// NFC, with LF for each line break (Unicode 5.8): CR LF, CR, NEL, VT and FF (which word processors paste), U+2028,
/// U+2029.
std::string normal(std::string_view text);
/// Full-width ASCII (U+FF01 to U+FF5E) as ASCII, for texts that are compared: names, search terms.
std::string narrow(std::string_view text);
/// Lower case by the root locale, in NFC.
std::string lower(std::string_view text);
/// Normalization Form KC.
std::string nfkc(std::string_view text);
/// The domain of an address in ASCII (UTS #46, nontransitional); unchanged when it is not a domain.
std::string ascii_domain(std::string_view domain);
/// The code points; an invalid byte becomes U+FFFD.
std::u32string points(std::string_view text);

/// Whether anything is visible: a letter, digit, punctuation mark or symbol with a glyph.
bool visible(std::string_view text);
/// Whether it contains a visible letter.
bool has_letter(std::string_view text);
/// Whether all non-ASCII characters are letters, their marks and digits.
bool has_only_word_characters(std::string_view text);
/// visible() for HTML: ignores tags and resolves references to invisible characters.
bool visible_html(std::string_view html);

/// A name for use in a plain-text sentence: inside isolates (U+2068, U+2069) when it has right-to-left letters, which
/// would reorder the sentence; else unchanged. HTML has <bdi> for this.
std::string isolated(std::string_view name);

/// Equal for texts that look alike: ignores case, width, spaces and punctuation, and uses the skeleton of UTS #39. For
/// comparison only, never for display.
std::string likeness(std::string_view text);

/// The maximum of combining marks on one letter: enough for every living script.
inline constexpr int kMaxMarks = 5;

/// A text of one line: NFC; each run of white space of any kind becomes one space, and none remain at the ends; no
/// invisible characters except those that emoji and scripts need (UAX #31 2.3); at most kMaxMarks marks on a letter.
/// Characters that no line may contain (controls, Bidi controls, private and unassigned characters, tags outside of
/// flags) are removed; `pure` is true when there were none.
class Line {
 public:
  Line() = default;
  template <std::convertible_to<std::string_view> T>
    requires(!std::derived_from<T, Line>)
  Line(const T& typed) {  // NOLINT(google-explicit-constructor): every text that becomes a Line is normalized
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

/// A text of many lines, such as a post: NFC and LF; nothing is folded or trimmed. Characters that no text may contain
/// (controls, Bidi overrides, noncharacters, tags outside of flags, piles of marks) are removed; `pure` is true
/// when there were none.
class Text {
 public:
  Text() = default;
  template <std::convertible_to<std::string_view> T>
    requires(!std::derived_from<T, Text>)
  Text(const T& typed) {  // NOLINT(google-explicit-constructor): every text that becomes a Text is normalized
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
