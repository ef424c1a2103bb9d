#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ms::secret {

/// The keys that programs sign with, the newest first: it signs, and what any of them signed is right. So a key is
/// changed without a moment in which anything becomes wrong. Immutable; any thread.
class Keyring {
 public:
  /// `keys` is not empty.
  explicit Keyring(std::vector<std::string> keys);

  /// Keys for one purpose only, HMAC-SHA-256 of the purpose under each: a tag for one purpose is wrong for all others.
  Keyring derived(std::string_view purpose) const;

  /// HMAC-SHA-256 of the text under the newest key, in base64 without padding (43 characters; RFC 2104, RFC 4648).
  std::string tag(std::string_view text) const;
  /// Whether one of the keys gives that tag; takes the same time wherever they differ.
  bool is_tag_of(std::string_view tag, std::string_view text) const;

 private:
  std::vector<std::string> keys_;
};

}  // namespace ms::secret
