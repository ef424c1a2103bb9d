#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace ms {

/// The secret in the contents of a file or variable: without the ASCII white space around it, such as a final newline.
/// Returns an error, which names the character and never the secret ("holds U+FEFF, a byte order mark, …"), when it
/// contains an invisible character: two servers whose files look alike would have different secrets.
std::expected<std::string, std::string> visible_secret(std::string_view given);

}  // namespace ms
