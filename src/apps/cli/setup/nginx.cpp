#include <fmt/format.h>

#include <system_error>

#include "apps/cli/command.hpp"
#include "apps/cli/nginx_file.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/wish.hpp"
#include "apps/cli/tool.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;

/// Twice, the second time as backup: see the upstream's comment in the file.
std::vector<std::string> servers(const Wish& wish, int port) {
  const std::string host = wish.address.contains(':') ? "[" + wish.address + "]" : wish.address;
  return {fmt::format("server {}:{} max_fails=1 fail_timeout=1s;", host, port),
          fmt::format("server {}:{} backup max_fails=0;", host, port)};
}

/// With a certificate, whoever comes by the name without TLS is sent on; localhost (monitor, operator) is not.
std::vector<std::string> listen(const Wish& wish, const std::string& names, bool first) {
  const bool ipv6 = fs::exists("/proc/net/if_inet6");
  // backlog belongs to the socket, so it may be said once for each.
  const std::string backlog = first ? " backlog=4096" : "";
  std::vector<std::string> out{"listen 80" + backlog + ";"};
  if (ipv6) out.emplace_back("listen [::]:80" + backlog + ";");
  out.emplace_back(fmt::format("server_name {};", names));
  if (wish.certificate.empty()) return out;
  out.emplace_back("listen 443 ssl http2" + backlog + ";");
  if (ipv6) out.emplace_back("listen [::]:443 ssl http2" + backlog + ";");
  out.emplace_back(fmt::format("ssl_certificate \"{}\";", wish.certificate.string()));
  out.emplace_back(fmt::format("ssl_certificate_key \"{}\";", wish.certificate_key.string()));
  out.emplace_back("set $minschool_asked \"$scheme://$host\";");
  out.emplace_back(fmt::format("if ($minschool_asked = \"http://{0}\") {{ return 301 https://{0}$request_uri; }}",
                               first ? wish.domain : wish.admin_domain));
  return out;
}

Marked wished(const Wish& wish) {
  constexpr int kSitePort = 3000;
  constexpr int kAdminPort = 3001;
  return {{"site_servers", servers(wish, kSitePort)},
          {"admin_servers", servers(wish, kAdminPort)},
          {"site_listen", listen(wish, fmt::format("{0} www.{0} localhost", wish.domain), true)},
          {"admin_listen", listen(wish, wish.admin_domain, false)}};
}

/// Nginx's own word, the first line of it; "" when it takes its files.
std::string complaint() {
  const Output said = output_of({"nginx", "-t", "-q"});
  if (said.good) return "";
  return said.text.empty() ? "nginx -t fails" : said.text.substr(0, said.text.find('\n'));
}

}  // namespace

bool prepare_nginx(const Wish& wish) {
  if (!fs::exists(wish.nginx_dir / "conf.d")) {
    say(fmt::format("no Nginx here ({} is not there): set it up on its own machine", wish.nginx_dir.string()));
    return false;
  }
  const std::string packaged = read_file(wish.share / "nginx/minschool-loadbalancer.conf");
  if (packaged.empty())
    throw Failure(fmt::format("{} has no Nginx files; name the folder with --share", wish.share.string()));
  const fs::path file = wish.nginx_dir / "conf.d/minschool-loadbalancer.conf";
  const std::string before = read_file(file);
  // The operator's lines stay; all others are the package's.
  const std::string text = with_marked(packaged, before.empty() ? wished(wish) : marked_lines(before));
  const bool same = unmarked_lines(text) == unmarked_lines(before) && marked_lines(text) == marked_lines(before);
  if (same) return true;
  if (!before.empty()) {
    put_file(file.string() + ".before", before, Readers::everybody);
    say(fmt::format("{0} was another version's or changed outside of its # @ lines: it is kept as {0}.before",
                    file.string()));
  }
  put_file(file, text, Readers::everybody);
  put_new_file(wish.nginx_dir / "snippets/minschool-server.conf",
               read_file(wish.share / "nginx/snippets/minschool-server.conf"), Readers::everybody);
  if (!wish.start) return true;
  if (const std::string why = complaint(); !why.empty()) {
    std::error_code ignored;
    before.empty() ? static_cast<void>(fs::remove(file, ignored))
                   : static_cast<void>(put_file(file, before, Readers::everybody));
    throw Failure(fmt::format("Nginx does not take {}, so it is as it was: {}", file.string(), why));
  }
  return true;
}

}  // namespace ms::cli::setup
