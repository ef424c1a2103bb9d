#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "infra/http/multipart.hpp"

namespace ms::http {

/// Percent-decoding of RFC 3986 2.1; nullopt when an escape is broken. `plus` turns '+' into a space.
std::optional<std::string> percent_decode(std::string_view text, bool plus = false);
/// Encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

/// Decoded name=value pairs of a query string, or of a form's body of either kind: application/x-www-form-urlencoded
/// (WHATWG URL, 5.1) and multipart/form-data. Names and values are in normal form (unicode::normal): NFC, and LF for
/// each line break.
class Form {
 public:
  /// nullopt when an escape is broken, the text is not valid UTF-8, or it has more than 200 pairs.
  static std::optional<Form> parse(std::string_view encoded);
  /// Parses a multipart body with this boundary. Also Unexpected when it has a file (refused_by_sink); a file input
  /// without a chosen file gives no pair.
  static std::expected<Form, MultipartError> parse_multipart(std::string_view boundary, std::string_view body);

  /// Adds a pair. False when either is not valid UTF-8, or there are too many.
  bool add(std::string_view name, std::string value);

  /// The first value with that name; empty when absent.
  std::string_view get(std::string_view name) const noexcept;
  /// The first value exactly as it was sent. For passwords only: one that was hashed earlier may not be in normal form.
  std::string_view raw(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  /// A whole decimal number within int64, or nullopt.
  std::optional<std::int64_t> number(std::string_view name) const noexcept;
  const std::vector<std::pair<std::string, std::string>>& pairs() const noexcept { return pairs_; }
  /// The pairs as parse() reads them: the same for a form that is sent twice, whatever its boundaries are.
  std::string encoded() const;

 private:
  class Collector;

  std::vector<std::pair<std::string, std::string>> pairs_;
  std::vector<std::pair<std::string, std::string>> raw_values_;  // only values that differ from their normal form
};

}  // namespace ms::http
