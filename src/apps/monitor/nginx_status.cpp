#include "apps/monitor/nginx_status.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>

namespace ms::monitor {

std::optional<Connections> parse_stub_status(std::string_view text) {
  if (!text.starts_with("Active connections:")) return std::nullopt;
  std::array<std::uint64_t, 7> numbers{};
  std::size_t count = 0;
  while (true) {
    text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
    if (text.empty()) break;
    if (count == numbers.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), numbers[count++]);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (count != numbers.size()) return std::nullopt;
  return Connections{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]};
}

std::optional<http::Question> parse_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  constexpr unsigned short kHttpPort = 80;
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const auto slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  std::string_view host = authority;
  unsigned short port = kHttpPort;
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && !authority.ends_with(']')) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    host = authority.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error) return std::nullopt;
  http::Question out;
  out.to = asio::ip::tcp::endpoint(address, port);
  out.host = "localhost";  // the name by which Nginx's server block is found (deploy/nginx)
  out.path = slash == url.size() ? "/" : std::string(url.substr(slash));
  return out;
}

}  // namespace ms::monitor
