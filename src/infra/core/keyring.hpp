#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ms::secret {

/// The keys that programs sign with, newest first. The newest one signs; a signature by any of them is valid. So a key
/// can be replaced without a moment in which valid signatures fail. Immutable; any thread may use it.
class Keyring {
 public:
  /// `keys` must not be empty.
  explicit Keyring(std::vector<std::string> keys);

  /// Keys for one purpose, the HMAC-SHA-256 of the purpose under each key: a tag for one purpose is invalid for all
  /// others.
  Keyring derived(std::string_view purpose) const;

  /// HMAC-SHA-256 of the text under the newest key, in base64 without padding (43 characters; RFC 2104, RFC 4648).
  std::string tag(std::string_view text) const;
  /// Whether one of the keys gives that tag; takes constant time.
  bool is_tag_of(std::string_view tag, std::string_view text) const;

 private:
  std::vector<std::string> keys_;
};

}  // namespace ms::secret
