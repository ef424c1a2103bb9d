#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ms::http {

/// Percent-decoding of RFC 3986 2.1; nullopt when an escape is broken. `plus` turns '+' into a space.
std::optional<std::string> percent_decode(std::string_view text, bool plus = false);
/// Encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

/// Decoded name=value pairs of a query string or an application/x-www-form-urlencoded body (WHATWG URL, 5.1). Names and
/// values are in normal form (unicode::normal): NFC, and LF for each line break.
class Form {
 public:
  /// nullopt when an escape is broken, the text is not valid UTF-8, or it has more than 200 pairs.
  static std::optional<Form> parse(std::string_view encoded);

  /// The first value of that name; empty when absent.
  std::string_view get(std::string_view name) const noexcept;
  /// The same as it was typed, for passwords only: what was hashed once may not have been in normal form.
  std::string_view as_typed(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  /// A whole decimal number within int64, or nullopt.
  std::optional<std::int64_t> number(std::string_view name) const noexcept;
  const std::vector<std::pair<std::string, std::string>>& pairs() const noexcept { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::vector<std::pair<std::string, std::string>> typed_;  // of which the normal form is another
};

}  // namespace ms::http
