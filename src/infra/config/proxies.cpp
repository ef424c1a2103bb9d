#include "infra/config/proxies.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace ms::config {
namespace {

using Address = std::array<unsigned char, 16>;
constexpr std::size_t kMappedBits = 96;  // ::ffff:0:0/96, RFC 4291 2.5.5.2

struct Parsed {
  Address address{};
  bool v4 = false;
};

std::optional<Parsed> parse_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> name{};  // inet_pton wants a terminated string
  if (text.size() >= name.size()) return std::nullopt;
  std::ranges::copy(text, name.begin());
  Parsed out;
  if (inet_pton(AF_INET6, name.data(), out.address.data()) == 1) return out;
  if (inet_pton(AF_INET, name.data(), out.address.data() + 12) != 1) return std::nullopt;
  out.address[10] = out.address[11] = 0xff;
  out.v4 = true;
  return out;
}

bool same_prefix(const Address& a, const Address& b, std::size_t bits) {
  const std::size_t bytes = bits / 8;
  if (std::memcmp(a.data(), b.data(), bytes) != 0) return false;
  const std::size_t rest = bits % 8;
  return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

}  // namespace

std::expected<TrustedProxies, std::string> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies out;
  for (const std::string_view text : networks) {
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::unexpected("\"" + std::string(text) + "\" is not an address or a network");
    const std::size_t most = address->v4 ? 32 : 128;
    std::size_t bits = most;
    if (slash != text.npos) {
      const auto digits = text.substr(slash + 1);
      const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
      if (digits.empty() || fault != std::errc() || end != digits.data() + digits.size() || bits > most) {
        return std::unexpected("\"" + std::string(text) + "\" has no prefix length from 0 to " + std::to_string(most));
      }
    }
    out.networks_.push_back({address->address, address->v4 ? bits + kMappedBits : bits});
  }
  return out;
}

bool TrustedProxies::contains(std::string_view address) const noexcept {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  return std::ranges::any_of(networks_,
                             [&](const Network& n) { return same_prefix(n.address, parsed->address, n.bits); });
}

}  // namespace ms::config
