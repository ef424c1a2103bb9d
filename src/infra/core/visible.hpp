#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace ms {

/// The secret in what a file or a variable holds: without the ASCII white space around it, such as the end of a line.
/// An error instead, which names the character and never the secret ("holds U+FEFF, a byte order mark, …"), when
/// something in it is invisible: two servers whose files look alike would have two secrets.
std::expected<std::string, std::string> visible_secret(std::string_view given);

}  // namespace ms
