#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ms {

/// A numeric IPv4 or IPv6 address (inet_pton); an IPv4 address is stored mapped into IPv6 (RFC 4291, 2.5.5.2).
struct IpAddress {
  std::array<unsigned char, 16> bytes{};

  static std::optional<IpAddress> parse(std::string_view text);
  /// Whether it is an IPv4 address, however it was written.
  bool is_v4() const noexcept;
  /// In the format of RFC 5952; an IPv4 address in dotted form.
  std::string text() const;
};

/// The address of a client, in the two forms in which it is used. Text that is not an address stays as it is in both.
class ClientAddress {
 public:
  explicit ClientAddress(std::string_view text);

  /// For people: the address in canonical form.
  const std::string& text() const noexcept { return text_; }
  /// For counting and for distinguishing clients: an IPv4 address, or the network "2001:db8:1:2::/64" of an IPv6 one,
  /// all of whose addresses one client has (RFC 6177, RFC 8981).
  const std::string& visitor() const noexcept { return visitor_; }

 private:
  std::string text_;
  std::string visitor_;
};

}  // namespace ms
