#pragma once
#include <cstddef>
#include <string_view>

// Code points of UTF-8 text, and the classes of them that decide what a mark in a sentence means.
namespace ms::markdown {

struct Point {
  char32_t value;
  std::size_t size;  ///< in bytes
};

/// The code point at `at`, which is inside of `text`. Accepts invalid UTF-8: a wrong byte is a point of its own.
Point point_at(std::string_view text, std::size_t at);
/// The code point that ends at `at`; a space at the start of `text`.
char32_t point_before(std::string_view text, std::size_t at);
/// The code point at `at`; a space at the end of `text`.
char32_t point_after(std::string_view text, std::size_t at);

bool is_space(char32_t point);
/// A letter or digit of the scripts of names and words, or "_".
bool is_letter(char32_t point);
bool is_ascii_letter(char32_t point);  ///< or digit
bool is_hangul(char32_t point);
/// "(", "「", … and the straight quotes, which both open and close.
bool opens(char32_t point);
bool closes(char32_t point);
/// Whether `close` is the closing counterpart of `open`.
bool matches(char32_t open, char32_t close);
/// Punctuation that does not start emphasized text, unless a word starts with it ("-5", ".hwp").
bool is_neutral(char32_t point);

}  // namespace ms::markdown
