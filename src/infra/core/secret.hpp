#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// A thin layer over libsodium. Any thread may call every function.
namespace ms::secret {

/// `bytes` random bytes as base64url without padding.
std::string random_text(std::size_t bytes);
/// The same at a tenth of the cost, from a block that each thread draws in advance and keeps in memory until it is used
/// up: for ids that every page needs (of forms, of requests), not for anything that grants access.
std::string random_id(std::size_t bytes);
/// Fills `out` with random bytes.
void randomize(std::span<unsigned char> out);
/// The SHA-256 of the text, 32 raw bytes.
std::string sha256(std::string_view text);
/// The HMAC-SHA-256, 32 raw bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Standard base64 without padding (the format of cookie-signature).
std::string base64(std::string_view bytes);
/// Compares in constant time.
bool same(std::string_view a, std::string_view b);

}  // namespace ms::secret
