#pragma once
#include <map>
#include <string>
#include <string_view>

namespace ms::cli::demo {

/// The values of each {word} in one post and its comments.
using WordValues = std::map<std::string, std::string, std::less<>>;

/// The text with each {word} replaced. {word:을} adds the particle that fits the word's last syllable: 을 or 를, 은 or
/// 는, 이 or 가, 과 or 와, 으로 or 로 are written in the form after a final consonant. Throws Failure for an unknown
/// word.
std::string fill(std::string_view text, const WordValues& words);

}  // namespace ms::cli::demo
