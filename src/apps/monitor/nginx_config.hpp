#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace ms::monitor {

/// A server as an `upstream` block names it; one that stands there several times (as backup) is listed once.
struct NamedServer {
  std::string address;  ///< "10.0.0.1:3000", "name:3000" or "unix:/path"; port 80 is written out
  bool backup = false;  ///< only as backup
  bool down = false;    ///< marked `down`
};

struct Upstream {
  std::string name;
  std::vector<NamedServer> servers;
};

/// The upstream blocks of a configuration file of Nginx; the error says in one line what cannot be read. `include` is
/// not followed.
std::expected<std::vector<Upstream>, std::string> read_upstreams(std::string_view text);

/// The folder of the first proxy_cache_path in such a file; empty when there is none.
std::string read_cache_path(std::string_view text);

}  // namespace ms::monitor
