#include "infra/config/proxies.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "infra/core/address.hpp"
#include "infra/core/text.hpp"

namespace ms::config {
namespace {

using Address = std::array<unsigned char, 16>;
constexpr std::size_t kMappedBits = 96;  // ::ffff:0:0/96, RFC 4291 2.5.5.2

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
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::unexpected("\"" + std::string(text) + "\" is not an address or a network");
    // An IPv4 address written as IPv6 has an IPv6 prefix length.
    const bool v4 = !text.substr(0, slash).contains(':');
    const std::size_t most = v4 ? 32 : 128;
    std::size_t bits = most;
    if (slash != text.npos) {
      const auto digits = text.substr(slash + 1);
      const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
      if (digits.empty() || fault != std::errc() || end != digits.data() + digits.size() || bits > most) {
        return std::unexpected("\"" + std::string(text) + "\" has no prefix length from 0 to " + std::to_string(most));
      }
    }
    out.networks_.push_back({address->bytes, v4 ? bits + kMappedBits : bits});
  }
  return out;
}

bool TrustedProxies::contains(std::string_view address) const noexcept {
  const auto parsed = IpAddress::parse(address);
  if (!parsed) return false;
  return std::ranges::any_of(networks_,
                             [&](const Network& n) { return same_prefix(n.address, parsed->bytes, n.bits); });
}

std::string TrustedProxies::client(std::string_view peer, std::string_view forwarded_for) const {
  std::string_view address = peer;
  std::string_view chain = forwarded_for;
  // From the right: each trusted proxy confirms the address before it.
  while (contains(address) && !chain.empty()) {
    const auto comma = chain.rfind(',');
    address = trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
  }
  constexpr std::size_t kMaxAddressLength = 45;  // of IPv6 with an embedded IPv4
  return std::string(address.substr(0, kMaxAddressLength));
}

}  // namespace ms::config
