#include "infra/core/keyring.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "infra/core/secret.hpp"

namespace ms::secret {

Keyring::Keyring(std::vector<std::string> keys) : keys_(std::move(keys)) {
  if (keys_.empty()) throw std::invalid_argument("a keyring without a key");
}

Keyring Keyring::derived(std::string_view purpose) const {
  std::vector<std::string> keys;
  for (const std::string& key : keys_) keys.push_back(hmac_sha256(key, purpose));
  return Keyring(std::move(keys));
}

std::string Keyring::tag(std::string_view text) const { return base64(hmac_sha256(keys_.front(), text)); }

bool Keyring::is_tag_of(std::string_view tag, std::string_view text) const {
  return std::ranges::any_of(keys_, [&](const std::string& key) { return same(base64(hmac_sha256(key, text)), tag); });
}

}  // namespace ms::secret
