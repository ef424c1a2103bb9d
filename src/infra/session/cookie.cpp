#include "infra/session/cookie.hpp"

#include "infra/core/secret.hpp"
#include "infra/http/form.hpp"

namespace ms::session {
namespace {
constexpr std::string_view kPrefix = "s:";
constexpr std::size_t kMaxIdLength = 128;  // of another program's session; ours have 32
}  // namespace

std::string new_id() { return secret::random_text(24); }

std::string sign(std::string_view id, const secret::Keyring& keys) {
  return http::percent_encode(std::string(kPrefix) + std::string(id) + "." + keys.tag(id));
}

std::optional<std::string> unsign(std::string_view value, const secret::Keyring& keys) {
  const auto plain = http::percent_decode(value);
  if (!plain || !plain->starts_with(kPrefix)) return std::nullopt;
  const auto dot = plain->rfind('.');
  if (dot == std::string::npos || dot <= kPrefix.size() || dot > kMaxIdLength) return std::nullopt;
  std::string id = plain->substr(kPrefix.size(), dot - kPrefix.size());
  if (!keys.is_tag_of(std::string_view(*plain).substr(dot + 1), id)) return std::nullopt;
  return id;
}

}  // namespace ms::session
