#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "infra/core/keyring.hpp"

// The session cookie as express-session writes it: "s:" + id + "." + signature, percent-encoded, where the signature is
// cookie-signature's HMAC-SHA-256 in base64 without padding (npm packages express-session 1.x, cookie-signature 1.x).
namespace ms::session {

/// A fresh id: 24 random bytes as 32 characters, like express-session's uid-safe.
std::string new_id();
/// The cookie's value for an id.
std::string sign(std::string_view id, const secret::Keyring& keys);
/// The id in a cookie's value, or nothing when it is malformed or the signature is not ours.
std::optional<std::string> unsign(std::string_view value, const secret::Keyring& keys);

}  // namespace ms::session
