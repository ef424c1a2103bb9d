#pragma once
#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace ms::config {

/// The networks whose X-Forwarded-For is believed. Immutable after parse(), so it may be shared by threads.
class TrustedProxies {
 public:
  /// From CIDR texts (RFC 4632 and RFC 4291 2.3) or single addresses; the error names the first one that is not one.
  static std::expected<TrustedProxies, std::string> parse(const std::vector<std::string>& networks);

  /// Whether a numeric IPv4 or IPv6 address is in one of the networks; false for anything else. An IPv4 address mapped
  /// into IPv6 (::ffff:a.b.c.d) counts as the IPv4 address.
  bool contains(std::string_view address) const noexcept;
  /// Who asks: `peer`, or where that is ours, the nearest address in its X-Forwarded-For that is not. At most as long
  /// as an address.
  std::string client(std::string_view peer, std::string_view forwarded_for) const;

 private:
  struct Network {
    std::array<unsigned char, 16> address{};  ///< IPv4 stands mapped into IPv6
    std::size_t bits = 0;
  };
  std::vector<Network> networks_;
};

}  // namespace ms::config
