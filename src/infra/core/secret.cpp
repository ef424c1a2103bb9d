#include "infra/core/secret.hpp"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace ms::secret {
namespace {

// sodium_init may be called repeatedly and from any thread (libsodium manual, "Usage").
void ready() {
  static const bool ok = sodium_init() >= 0;
  if (!ok) throw std::runtime_error("libsodium cannot start: no source of random numbers");
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string encode(std::string_view raw, int variant) {
  std::string out(sodium_base64_ENCODED_LEN(raw.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes(raw), raw.size(), variant);
  out.resize(out.find('\0'));
  return out;
}

}  // namespace

std::string random_text(std::size_t size) {
  ready();
  std::string raw(size, '\0');
  randombytes_buf(raw.data(), raw.size());
  return encode(raw, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::string random_id(std::size_t size) {
  thread_local std::array<unsigned char, 2048> block;
  thread_local std::size_t left = 0;
  if (size > block.size()) return random_text(size);
  if (left < size) {
    ready();
    randombytes_buf(block.data(), left = block.size());
  }
  left -= size;
  return encode({reinterpret_cast<const char*>(block.data()) + left, size}, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void randomize(std::span<unsigned char> out) {
  ready();
  randombytes_buf(out.data(), out.size());
}

std::string sha256(std::string_view text) {
  std::string out(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(out.data()), bytes(text), text.size());
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
  std::string out(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string base64(std::string_view raw) { return encode(raw, sodium_base64_VARIANT_ORIGINAL_NO_PADDING); }

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ms::secret
