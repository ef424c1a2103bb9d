#include "features/members/argon2.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <charconv>
#include <regex>
#include <stdexcept>

#include "infra/core/secret.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::members::argon2 {
namespace {

constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
constexpr std::size_t kHashBytes = 32;
// Without these limits, an inserted row could make one login use all memory of a server.
constexpr std::size_t kMaxMemoryKib = 256 * std::size_t{1024};
constexpr unsigned kMaxPasses = 16;

template <std::size_t Size>
std::string base64(const std::array<unsigned char, Size>& bytes) {
  std::array<char, sodium_base64_ENCODED_LEN(Size, kBase64)> out{};
  return sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), kBase64);
}

template <class Number>
Number number(const std::csub_match& digits) {
  Number out = 0;
  std::from_chars(digits.first, digits.second, out);
  return out;
}

}  // namespace

Settings fresh() {
  Settings out;
  secret::randomize(out.salt);
  return out;
}

std::optional<Settings> parse(std::string_view beginning) {
  static const std::regex kForm(R"(\$argon2id\$v=19\$m=([1-9]\d{0,8}),t=([1-9]\d{0,8}),p=1\$([A-Za-z0-9+/]{22}))");
  std::cmatch found;
  if (!std::regex_match(beginning.begin(), beginning.end(), found, kForm)) return std::nullopt;
  Settings out{{number<std::size_t>(found[1]), number<unsigned>(found[2])}, {}};
  const bool whole = sodium_base642bin(out.salt.data(), out.salt.size(), found[3].first, found[3].length(), nullptr,
                                       nullptr, nullptr, kBase64) == 0;
  const bool acceptable = out.costs.memory_kib * 1024 >= crypto_pwhash_MEMLIMIT_MIN &&
                          out.costs.memory_kib <= kMaxMemoryKib && out.costs.passes <= kMaxPasses;
  return whole && acceptable ? std::optional(out) : std::nullopt;
}

std::string normal(std::string_view typed) { return unicode::narrow(unicode::nfc(typed)); }

std::string hash(std::string_view password, const Settings& settings) {
  std::array<unsigned char, kHashBytes> out{};
  const auto& [memory_kib, passes] = settings.costs;
  if (crypto_pwhash(out.data(), out.size(), password.data(), password.size(), settings.salt.data(), passes,
                    memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::runtime_error("no memory for argon2id");
  }
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", memory_kib, passes, base64(settings.salt), base64(out));
}

}  // namespace ms::members::argon2
