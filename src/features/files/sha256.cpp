// EVP, which OpenSSL recommends, cannot give away the state of a hash that is not finished.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "features/files/sha256.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>

namespace ms::files {
namespace {

constexpr std::size_t kWord = 8;  // hexadecimal digits of 32 bits
constexpr std::size_t kWords = 8;

void append_hex(std::string& out, std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const unsigned char byte : bytes) out += {kDigits[byte >> 4], kDigits[byte & 15]};
}

template <class Number>
bool read_hex(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Sha256::Sha256() : context_(std::make_unique<SHA256_CTX>()) { SHA256_Init(context_.get()); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&& other) noexcept = default;
Sha256& Sha256::operator=(Sha256&& other) noexcept = default;

void Sha256::update(std::string_view bytes) { SHA256_Update(context_.get(), bytes.data(), bytes.size()); }

std::string Sha256::hex() const {
  SHA256_CTX copy = *context_;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &copy);
  std::string out;
  append_hex(out, digest);
  return out;
}

// The eight words, the length in bits, and the bytes that do not fill a block yet.
std::string Sha256::state() const {
  const auto big_endian = [](std::uint32_t word) {
    return std::array<unsigned char, 4>{static_cast<unsigned char>(word >> 24), static_cast<unsigned char>(word >> 16),
                                        static_cast<unsigned char>(word >> 8), static_cast<unsigned char>(word)};
  };
  std::string out;
  for (const std::uint32_t word : context_->h) append_hex(out, big_endian(word));
  append_hex(out, big_endian(context_->Nh));
  append_hex(out, big_endian(context_->Nl));
  append_hex(out, std::span(reinterpret_cast<const unsigned char*>(context_->data), context_->num));
  return out;
}

std::optional<Sha256> Sha256::resume(std::string_view state) {
  constexpr std::size_t kHead = (kWords + 2) * kWord;
  if (state.size() < kHead || state.size() % 2 != 0) return std::nullopt;
  Sha256 out;
  SHA256_CTX& context = *out.context_;
  const auto word = [&](std::size_t at, std::uint32_t& value) {
    return read_hex(state.substr(at * kWord, kWord), value);
  };
  for (std::size_t at = 0; at < kWords; ++at) {
    if (!word(at, context.h[at])) return std::nullopt;
  }
  if (!word(kWords, context.Nh) || !word(kWords + 1, context.Nl)) return std::nullopt;
  const std::string_view pending = state.substr(kHead);
  context.num = static_cast<unsigned>(pending.size() / 2);
  if (context.num != context.Nl / 8 % SHA256_CBLOCK) return std::nullopt;
  auto* bytes = reinterpret_cast<unsigned char*>(context.data);
  for (std::size_t at = 0; at < context.num; ++at) {
    if (!read_hex(pending.substr(2 * at, 2), bytes[at])) return std::nullopt;
  }
  return out;
}

}  // namespace ms::files
