#pragma once
#include <cstddef>
#include <string_view>

// What Korean hangs on a word without a space: particles, and the endings of what follows a noun.
namespace ms::markdown {

/// Whether the whole Hangul word at `at` is one: "에서" of "https://a.kr/에서 봅니다".
bool is_particle(std::string_view text, std::size_t at);
/// Whether a word may go on so: it is a particle, or begins with one of two syllables or more ("입니다만").
bool begins_with_particle(std::string_view text, std::size_t at);
/// Whether the whole Hangul word at `at` is what stands behind a number in names of files and in dates: "학년", "월".
bool is_counter(std::string_view text, std::size_t at);
/// The word itself: Hangul, Han and other letters beyond ASCII from `at` on.
std::string_view word_at(std::string_view text, std::size_t at);

}  // namespace ms::markdown
