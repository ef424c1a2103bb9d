#include "infra/session/cookie.hpp"

#include "infra/core/secret.hpp"
#include "infra/http/form.hpp"

namespace ms::session {
namespace {
constexpr std::string_view kPrefix = "s:";
constexpr std::size_t kLongestId = 128;  // of a foreign program's session; ours have 32
}  // namespace

std::string new_id() { return secret::random_text(24); }

std::string sign(std::string_view id, std::string_view secret) {
  const std::string signature = secret::base64(secret::hmac_sha256(secret, id));
  return http::percent_encode(std::string(kPrefix) + std::string(id) + "." + signature);
}

std::optional<std::string> unsign(std::string_view value, std::string_view secret) {
  const auto plain = http::percent_decode(value);
  if (!plain || !plain->starts_with(kPrefix)) return std::nullopt;
  const auto dot = plain->rfind('.');
  if (dot == std::string::npos || dot <= kPrefix.size() || dot > kLongestId) return std::nullopt;
  std::string id = plain->substr(kPrefix.size(), dot - kPrefix.size());
  const std::string expected = secret::base64(secret::hmac_sha256(secret, id));
  if (!secret::same(expected, std::string_view(*plain).substr(dot + 1))) return std::nullopt;
  return id;
}

}  // namespace ms::session
