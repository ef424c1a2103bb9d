#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace ms::monitor {

/// A server as an `upstream` block names it; one that is named several times (as backup) is listed once.
struct NamedServer {
  std::string address;  ///< "10.0.0.1:3000", "name:3000" or "unix:/path"; port 80 is written out
  bool backup = false;  ///< named only as backup
  bool down = false;    ///< marked `down`
};

struct Upstream {
  std::string name;
  std::vector<NamedServer> servers;
};

/// The upstream blocks of an Nginx configuration file; the error says in one line what cannot be parsed. Does not
/// follow `include`.
std::expected<std::vector<Upstream>, std::string> read_upstreams(std::string_view text);

/// The folder of the file's first proxy_cache_path; empty when there is none.
std::string read_cache_path(std::string_view text);

}  // namespace ms::monitor
