#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// Thin names over libsodium. Every function may be called from any thread.
namespace ms::secret {

/// `bytes` random bytes as base64url without padding.
std::string random_text(std::size_t bytes);
/// The same at a tenth of the cost, out of a block that each thread draws at once and that lies in memory until it is
/// used up: for ids that every page asks for (of forms, of requests), not for what keeps somebody out.
std::string random_id(std::size_t bytes);
/// Fills `out` with random bytes.
void randomize(std::span<unsigned char> out);
/// SHA-256 of the text, 32 raw bytes.
std::string sha256(std::string_view text);
/// HMAC-SHA-256, 32 raw bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Standard base64 without padding (what cookie-signature writes).
std::string base64(std::string_view bytes);
/// Compares without telling by its duration where the difference is.
bool same(std::string_view a, std::string_view b);

}  // namespace ms::secret
