// The proxies in front of Nginx, and the folder where Nginx saves pages.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "apps/cli/doctor/checks.hpp"
#include "apps/cli/nginx_file.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "infra/config/proxies.hpp"
#include "infra/core/text.hpp"

namespace ms::cli::doctor {
namespace {

constexpr std::streamoff kTailBytes = 256 * 1024;  // of Nginx's log: some hundred requests
constexpr int kMinRequests = 20;                   // requests to judge by
constexpr std::uint64_t kMinShare = 10;            // at least a tenth of the cache's disk must be free

/// The word after `directive` in one of the lines, without quotes and the final semicolon.
std::string word_after(const std::vector<std::string>& lines, std::string_view directive) {
  for (std::string_view line : lines) {
    if (!line.starts_with(directive) || line.size() == directive.size() || line[directive.size()] != ' ') continue;
    line = trim(line.substr(directive.size()));
    const bool quoted = line.starts_with('"');
    if (quoted) line.remove_prefix(1);
    return std::string(line.substr(0, line.find_first_of(quoted ? "\"" : " ;")));
  }
  return "";
}

struct LogSummary {
  int requests = 0;
  int forwarded = 0;  ///< of these, with X-Forwarded-For
  std::map<std::string, int> clients;
};

/// The last requests in Nginx's log.
LogSummary last_requests(const std::string& path) {
  LogSummary out;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return out;
  file.seekg(-std::min<std::streamoff>(file.tellg(), kTailBytes), std::ios::end);
  for (std::string line; std::getline(file, line);) {
    boost::system::error_code error;
    const auto parsed = boost::json::parse(line, error);
    if (error || !parsed.is_object()) continue;
    const auto text = [&](const char* key) {
      const auto* found = parsed.get_object().if_contains(key);
      return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    ++out.requests;
    ++out.clients[text("client")];
    if (!text("forwarded").empty()) ++out.forwarded;
  }
  return out;
}

bool is_private(const std::string& address) {
  static const auto kPrivate =
      config::TrustedProxies::parse({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
                                     "127.0.0.0/8", "::1", "fc00::/7", "fe80::/10"});
  return kPrivate->contains(address);
}

/// Finds a proxy that Nginx does not know: one address from which all requests name another client.
void check_proxy(const MarkerLines& markers, Report& report) {
  const auto trusted = markers.find("real_ip");
  if (trusted != markers.end()) {
    for (const std::string& line : trusted->second) {
      const std::string net = word_after({line}, "set_real_ip_from");
      if (net.empty()) continue;
      if (const auto wrong = setup::proxy_network(net); !wrong.empty()) {
        report.wrong("proxy", fmt::format("Nginx trusts any client: {}", wrong),
                     "name the proxy's networks alone in the # @real_ip lines");
        return;
      }
    }
  }
  const auto log = markers.find("access_log");
  const LogSummary summary = last_requests(log == markers.end() ? "" : word_after(log->second, "access_log"));
  if (summary.requests < kMinRequests || summary.clients.size() != 1 || summary.forwarded * 2 < summary.requests)
    return;
  const std::string& only = summary.clients.begin()->first;
  if (!is_private(only)) {
    return report.hint(
        "proxy", fmt::format("the last {} requests came from {}, for others (X-Forwarded-For)", summary.requests, only),
        fmt::format("if that is your CDN: minschool setup --proxy with its networks"));
  }
  report.wrong("proxy",
               fmt::format("all visitors share the address {} and its limits: a proxy stands in front of Nginx", only),
               fmt::format("minschool setup --proxy {}", only));
}

dev_t device_of(const char* path) {
  struct stat found{};
  return ::stat(path, &found) == 0 ? found.st_dev : 0;
}

/// Nginx does not send a page that it cannot write to its cache.
void check_cache(const MarkerLines& markers, Report& report) {
  const auto lines = markers.find("cache");
  const std::string path = lines == markers.end() ? "" : word_after(lines->second, "proxy_cache_path");
  struct statvfs room{};
  if (path.empty() || ::statvfs(path.c_str(), &room) != 0) return;
  constexpr const char* kRemedy = "systemctl enable --now var-lib-nginx-minschool.mount, then systemctl restart nginx";
  if (room.f_bavail * kMinShare < room.f_blocks) {
    return report.wrong("saved pages", fmt::format("the disk of {} is full: Nginx saves no pages", path), kRemedy);
  }
  for (const char* other : {"/var/log", "/var/lib/postgresql", "/var/lib/redis"}) {
    if (device_of(other) != 0 && device_of(other) == device_of(path.c_str())) {
      return report.hint("saved pages",
                         fmt::format("{} shares the disk of {}: when that is full, none are saved", path, other),
                         kRemedy);
    }
  }
  report.ok("saved pages", path + " has a file system of its own");
}

}  // namespace

void check_front(const Places& places, const SiteFacts& facts, Report& report) {
  if (!facts.nginx) return;
  const MarkerLines markers = marked_lines(setup::read_file(places.nginx_file()));
  check_proxy(markers, report);
  check_cache(markers, report);
}

}  // namespace ms::cli::doctor
