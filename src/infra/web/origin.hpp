#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "infra/http/message.hpp"

namespace ms::web {

/// A web origin (RFC 6454): equal when scheme, host and port are equal.
struct Origin {
  bool secure = false;  ///< https, else http
  std::string host;     ///< in lower case; an IPv6 address in canonical form, in brackets
  std::uint16_t port = 0;
  friend bool operator==(const Origin&, const Origin&) = default;

  /// Parses an Origin field or a URL, whose path is ignored; nothing for "null", other schemes and malformed values.
  static std::optional<Origin> parse(std::string_view url);
  /// Parses an authority such as a Host field (RFC 3986 3.2); the scheme gives a missing port (RFC 9110 4.2).
  static std::optional<Origin> of(bool secure, std::string_view authority);
};

/// False for a write that another site's page made the browser send (Sec-Fetch-Site, else Origin against Host).
/// `secure`: the request came by TLS. `own`: addresses of this site, whose scheme is valid whatever the last hop used.
bool same_origin(const http::Request& request, bool secure, std::span<const Origin> own = {});

}  // namespace ms::web
