#pragma once
#include <cstddef>
#include <string_view>

// Suffixes that Korean attaches to a word without a space: particles, and endings after a noun.
namespace ms::markdown {

/// Whether the whole Hangul word at `at` is a particle: "에서" of "https://a.kr/에서 봅니다".
bool is_particle(std::string_view text, std::size_t at);
/// Whether a word may continue like this: it is a particle, or starts with one of two or more syllables ("입니다만").
bool begins_with_particle(std::string_view text, std::size_t at);
/// Whether the whole Hangul word at `at` follows numbers in file names and dates: "학년", "월".
bool is_counter(std::string_view text, std::size_t at);
/// The word at `at`: Hangul, Han and other letters beyond ASCII.
std::string_view word_at(std::string_view text, std::size_t at);

}  // namespace ms::markdown
