#include "infra/web/origin.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "infra/core/text.hpp"

namespace ms::web {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

/// The canonical form of "[0:0::1]", or nothing.
std::optional<std::string> ipv6(std::string_view literal) {
  if (literal.size() < 4 || !literal.ends_with(']')) return std::nullopt;
  const std::string inside(literal.substr(1, literal.size() - 2));
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_pton(AF_INET6, inside.c_str(), &address) != 1) return std::nullopt;
  if (inet_ntop(AF_INET6, &address, text.data(), text.size()) == nullptr) return std::nullopt;
  return "[" + std::string(text.data()) + "]";
}

bool is_name(std::string_view host) {
  return !host.empty() && host.find_first_of(" \t/?#@\\[]:,") == std::string_view::npos;
}

}  // namespace

std::optional<Origin> Origin::of(bool secure, std::string_view authority) {
  Origin out{.secure = secure, .host = {}, .port = secure ? kHttpsPort : kHttpPort};
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[')) {
    auto address = ipv6(host);
    if (!address) return std::nullopt;
    out.host = *std::move(address);
  } else {
    if (!is_name(host)) return std::nullopt;
    out.host = ascii_lower(host);
  }
  if (colon == std::string_view::npos || colon + 1 == authority.size()) return out;
  const std::string_view port = authority.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  return out;
}

std::optional<Origin> Origin::parse(std::string_view url) {
  const auto mark = url.find("://");
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string scheme = ascii_lower(url.substr(0, mark));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  url.remove_prefix(mark + 3);
  return of(scheme == "https", url.substr(0, url.find('/')));
}

bool same_origin(const http::Request& request, bool secure, std::span<const Origin> own) {
  if (http::is_safe(request.method)) return true;
  const auto site = request.header("sec-fetch-site");
  if (!site.empty()) return site == "same-origin" || site == "none";
  const auto field = request.header("origin");
  if (field.empty()) return true;  // not a browser: nobody's cookies are abused
  const auto origin = Origin::parse(field);
  if (!origin || Origin::of(origin->secure, request.header("host")) != origin) return false;
  return origin->secure == secure || std::ranges::find(own, *origin) != own.end();
}

}  // namespace ms::web
