#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "apps/cli/command.hpp"
#include "apps/cli/nginx_file.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "apps/cli/tool.hpp"
#include "infra/config/proxies.hpp"
#include "infra/core/text.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;

/// Each server twice, the second time as backup: see the upstream's comment in the file.
std::vector<std::string> servers(const SetupOptions& options, int port) {
  const std::string host = options.address.contains(':') ? "[" + options.address + "]" : options.address;
  return {fmt::format("server {}:{} max_fails=1 fail_timeout=1s;", host, port),
          fmt::format("server {}:{} backup max_fails=0;", host, port)};
}

/// The lines of a listening server: ports and certificate. `more` may be given only once for each socket.
std::vector<std::string> listen(const SetupOptions& options, const std::string& more = "") {
  std::vector<std::string> ports{"80"};
  if (!options.certificate.empty()) ports.emplace_back("443 ssl http2");
  std::vector<std::string> out;
  for (const std::string& port : ports) {
    out.emplace_back(fmt::format("listen {}{};", port, more));
    if (fs::exists("/proc/net/if_inet6")) out.emplace_back(fmt::format("listen [::]:{}{};", port, more));
  }
  if (options.certificate.empty()) return out;
  out.emplace_back(fmt::format("ssl_certificate \"{}\";", options.certificate.string()));
  out.emplace_back(fmt::format("ssl_certificate_key \"{}\";", options.certificate_key.string()));
  return out;
}

std::vector<std::string> with(std::vector<std::string> lines, std::string last) {
  lines.push_back(std::move(last));
  return lines;
}

/// Every name other than the addresses of the Site and the Admin, and where it redirects; with a certificate, or behind
/// a proxy that has one, also the requests without TLS.
std::vector<std::string> redirects(const SetupOptions& options) {
  std::vector<std::string> out;
  const auto lead = [&](std::string_view scheme, const std::string& from, const std::string& to) {
    out.emplace_back(fmt::format("{}://{} {}://{};", scheme, from, options.scheme(), to));
  };
  const std::string www = "www." + options.domain;
  if (options.scheme() == "https") {
    lead("http", options.domain, options.domain);
    lead("http", options.admin_domain, options.admin_domain);
    lead("https", www, options.domain);
  }
  lead("http", www, options.domain);
  return out;
}

MarkerLines proxies(const SetupOptions& options) {
  MarkerLines out{{"real_ip", {"# Nobody stands in front: minschool setup --proxy NET"}}, {"proxies", {"# nobody"}}};
  if (options.proxies.empty()) return out;
  for (auto& [marker, lines] : out) lines.clear();
  for (const std::string& net : options.proxies) {
    out["real_ip"].emplace_back(fmt::format("set_real_ip_from {};", net));
    out["proxies"].emplace_back(fmt::format("{} 1;", net));
  }
  return out;
}

MarkerLines operator_lines(const SetupOptions& options) {
  constexpr int kSitePort = 3000;
  constexpr int kAdminPort = 3001;
  MarkerLines out = proxies(options);
  out["site_servers"] = servers(options, kSitePort);
  out["admin_servers"] = servers(options, kAdminPort);
  // The default server has the queue for a crowd, because it belongs to the socket.
  out["other_listen"] = listen(options, " default_server backlog=4096");
  out["site_listen"] =
      with(listen(options), fmt::format("server_name {0} www.{0} localhost 127.0.0.1 [::1] \"\";", options.domain));
  out["admin_listen"] = with(listen(options), fmt::format("server_name {};", options.admin_domain));
  out["redirects"] = redirects(options);
  return out;
}

/// The first name in the lines of the Site's server.
std::string domain_in(const std::vector<std::string>& lines) {
  for (std::string_view line : lines) {
    if (!line.starts_with("server_name ")) continue;
    line = trim(line.substr(line.find(' ')));
    return std::string(line.substr(0, line.find_first_of(" ;")));
  }
  return "";
}

/// Upgrades the markers of a file that was packaged without a default server. The queue of the socket moves to the
/// default server, the Site serves requests without a name, and the cache gets the smaller size of its own file system.
void upgrade_markers(MarkerLines& markers) {
  constexpr std::string_view kQueue = " backlog=4096";
  constexpr std::string_view kNames = " 127.0.0.1 [::1] \"\";";
  std::vector<std::string> other;
  for (std::string& line : markers["site_listen"]) {
    if (const auto at = line.find(kQueue); at != line.npos) line.erase(at, kQueue.size());
    if (line.starts_with("listen ")) {
      other.push_back(line.substr(0, line.find(';')) + " default_server backlog=4096;");
    } else if (line.starts_with("ssl_")) {
      other.push_back(line);
    } else if (line.starts_with("server_name ") && line.ends_with(';') && !line.contains("\"\"")) {
      line.replace(line.size() - 1, 1, kNames);
    }
  }
  markers["other_listen"] = std::move(other);
  if (std::ranges::any_of(markers["cache"],
                          [](const auto& line) { return line.contains(" max_size=500m min_free=200m "); })) {
    markers.erase("cache");  // unchanged from the old package, so the new package's line replaces it
  }
}

/// The new content of the file: the operator's lines, those of the present options, and for markers that an older
/// version's file lacks the lines of a new file.
MarkerLines lines_for(SetupOptions options, const std::string& before) {
  MarkerLines present = marked_lines(before);
  if (present.empty()) return operator_lines(options);
  if (!present.contains("other_listen")) upgrade_markers(present);
  if (options.domain.empty()) options.domain = domain_in(present["site_listen"]);
  if (options.admin_domain.empty()) options.admin_domain = domain_in(present["admin_listen"]);
  if (std::ranges::any_of(present["site_listen"],
                          [](const auto& line) { return line.starts_with("ssl_certificate "); })) {
    options.tls_in_front = true;  // for the scheme of redirects
  }
  MarkerLines out = operator_lines(options);
  for (auto& [marker, lines] : present) out[marker] = std::move(lines);
  if (!options.proxies.empty()) {
    for (auto& [marker, lines] : proxies(options)) out[marker] = lines;
  }
  return out;
}

/// Removes Debian's own site, because the default server of port 80 must be ours: unknown names get no page. Gives the
/// target of the removed link, to restore it; empty when there was none.
fs::path remove_debian_site(const fs::path& site) {
  std::error_code error;
  fs::path target = fs::is_symlink(site, error) ? fs::read_symlink(site, error) : fs::path();
  if (error || target.filename() != "default" || !fs::remove(site, error)) return {};
  print_step(fmt::format("took Debian's example site out of Nginx ({})", site.string()));
  return target;
}

/// The first line of Nginx's error; "" when it accepts its files.
std::string nginx_error() {
  const Output output = output_of({"nginx", "-t", "-q"});
  if (output.good) return "";
  return output.text.empty() ? "nginx -t fails" : output.text.substr(0, output.text.find('\n'));
}

}  // namespace

constexpr int kWidestV4 = 8;
constexpr int kWidestV6 = 7;
constexpr int kOneAddress = 128;

std::string proxy_network(const std::string& text) {
  const auto parsed = config::TrustedProxies::parse({text});
  if (!parsed) return parsed.error();
  // A client that may forge its address escapes all limits.
  if (parsed->contains("203.0.113.1") && parsed->contains("8.8.8.8")) return text + " is the whole world";
  if (parsed->contains("2001:db8::1") && parsed->contains("fe80::1")) return text + " is the whole world";
  // The largest networks of proxies are the private 10.0.0.0/8 and fc00::/7.
  const auto slash = text.find('/');
  const int bits = slash == text.npos ? kOneAddress : std::stoi(text.substr(slash + 1));
  if (bits < (text.contains(':') ? kWidestV6 : kWidestV4)) return text + " is wider than any network of proxies";
  return "";
}

std::string nginx_file(const SetupOptions& options, const std::string& packaged) {
  return with_marked(packaged, operator_lines(options));
}

bool prepare_nginx(const SetupOptions& options) {
  if (!fs::exists(options.nginx_dir / "conf.d")) {
    print_step(
        fmt::format("no Nginx here ({} is not there): set it up on its own machine", options.nginx_dir.string()));
    return false;
  }
  const std::string packaged = read_file(options.share / "nginx/minschool-loadbalancer.conf");
  if (packaged.empty())
    throw Failure(fmt::format("{} has no Nginx files; name the folder with --share", options.share.string()));
  const fs::path file = options.nginx_dir / "conf.d/minschool-loadbalancer.conf";
  const std::string before = read_file(file);
  // The operator's lines stay; all others come from the package.
  const std::string text = with_marked(packaged, lines_for(options, before));
  const bool same = unmarked_lines(text) == unmarked_lines(before) && marked_lines(text) == marked_lines(before);
  if (same) return true;
  if (!before.empty()) {
    put_file(file.string() + ".before", before, Readers::everybody);
    print_step(fmt::format("{0} was another version's or changed outside of its # @ lines: it is kept as {0}.before",
                           file.string()));
  }
  const fs::path debians = options.nginx_dir / "sites-enabled/default";
  const fs::path was = marked_lines(before).contains("other_listen") ? fs::path() : remove_debian_site(debians);
  put_file(file, text, Readers::everybody);
  for (const char* name : kNginxSnippets) {
    put_new_file(options.nginx_dir / "snippets" / name, read_file(options.share / "nginx/snippets" / name),
                 Readers::everybody);
  }
  if (!options.start) return true;
  if (const std::string why = nginx_error(); !why.empty()) {
    std::error_code ignored;
    before.empty() ? static_cast<void>(fs::remove(file, ignored))
                   : static_cast<void>(put_file(file, before, Readers::everybody));
    if (!was.empty()) fs::create_symlink(was, debians, ignored);
    throw Failure(fmt::format("Nginx does not take {}, so it is as it was: {}", file.string(), why));
  }
  return true;
}

}  // namespace ms::cli::setup
