#pragma once
#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace ms::config {

/// The networks whose X-Forwarded-For is trusted. Immutable after parse(), so threads may share it.
class TrustedProxies {
 public:
  /// Parses CIDR texts (RFC 4632 and RFC 4291 2.3) or single addresses; the error names the first invalid one.
  static std::expected<TrustedProxies, std::string> parse(const std::vector<std::string>& networks);

  /// Whether a numeric IPv4 or IPv6 address is in one of the networks; false for other text. An IPv4 address mapped
  /// into IPv6 (::ffff:a.b.c.d) counts as the IPv4 address.
  bool contains(std::string_view address) const noexcept;
  /// The address of the client: `peer`, or when that is a trusted proxy, the nearest address in its X-Forwarded-For
  /// that is not one. At most as long as an address.
  std::string client(std::string_view peer, std::string_view forwarded_for) const;

 private:
  struct Network {
    std::array<unsigned char, 16> address{};  ///< IPv4 is stored mapped into IPv6
    std::size_t bits = 0;
  };
  std::vector<Network> networks_;
};

}  // namespace ms::config
