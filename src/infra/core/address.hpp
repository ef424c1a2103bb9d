#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ms {

/// A numeric IPv4 or IPv6 address (inet_pton); an IPv4 address stands mapped into IPv6 (RFC 4291, 2.5.5.2).
struct IpAddress {
  std::array<unsigned char, 16> bytes{};

  static std::optional<IpAddress> parse(std::string_view text);
  /// "a.b.c.d", however it was written.
  bool is_v4() const noexcept;
  /// As RFC 5952 writes it; an IPv4 address as such.
  std::string text() const;
};

/// Where a request comes from, in the two ways in which it is used. What is no address is itself in both.
class ClientAddress {
 public:
  explicit ClientAddress(std::string_view text);

  /// For people: the address, in one way of writing.
  const std::string& text() const noexcept { return text_; }
  /// For everything that counts or tells visitors apart: an IPv4 address, or the network "2001:db8:1:2::/64" of an IPv6
  /// one, of which a visitor has all addresses (RFC 6177, RFC 8981).
  const std::string& visitor() const noexcept { return visitor_; }

 private:
  std::string text_;
  std::string visitor_;
};

}  // namespace ms
