// Nginx: its version, its files against the packaged ones, its certificate, and a page.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "apps/cli/doctor/checks.hpp"
#include "apps/cli/fetch.hpp"
#include "apps/cli/nginx_file.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "apps/cli/tool.hpp"
#include "infra/core/text.hpp"

namespace ms::cli::doctor {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kMinMinor = 22;             // of 1.x
constexpr const char* kSoon = "1209600";  // two weeks in seconds, longer than a renewal takes
constexpr long kFewConnections = 4096;    // two for each open page

/// The first line that is in only one of the two texts.
std::string difference(const std::vector<std::string>& packaged, const std::vector<std::string>& installed) {
  const auto [ours, theirs] = std::ranges::mismatch(packaged, installed);
  if (ours == packaged.end() && theirs == installed.end()) return "";
  if (theirs == installed.end()) return fmt::format("\"{}\" is missing", *ours);
  if (ours == packaged.end()) return fmt::format("\"{}\" was added", *theirs);
  return fmt::format("\"{}\" instead of \"{}\"", *theirs, *ours);
}

void check_drift(const fs::path& installed, const fs::path& packaged, const std::string& remedy, Report& report) {
  const std::string ours = setup::read_file(packaged);
  const std::string theirs = setup::read_file(installed);
  if (ours.empty())
    return report.wrong("Nginx file", packaged.string() + " is missing", "apt install --reinstall minschool");
  if (theirs.empty()) return report.wrong("Nginx file", installed.string() + " is missing", remedy);
  const std::string what = difference(unmarked_lines(ours), unmarked_lines(theirs));
  if (what.empty()) return report.ok("Nginx file", installed.string());
  report.wrong("Nginx file", fmt::format("{} is not the packaged one: {}", installed.string(), what), remedy);
}

/// Parses the output of nginx -v, "nginx version: nginx/1.22.1".
void check_version(Report& report) {
  const auto output = output_of({"nginx", "-v"});
  const auto slash = output.text.find("nginx/1.");
  int minor = 0;
  if (slash != output.text.npos) {
    std::from_chars(output.text.data() + slash + 8, output.text.data() + output.text.size(), minor);
  }
  const std::string version = slash == output.text.npos ? output.text : output.text.substr(slash + 6);
  if (minor < kMinMinor) return report.wrong("Nginx", "is version " + version, "upgrade it to 1.22 or newer");
  report.ok("Nginx", "version " + version);
}

/// The value of `directive` in the operator's or the package's lines; empty when it is not there.
std::string value_of(std::string_view text, std::string_view directive) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = trim(text.substr(at, end - at));
    at = end + 1;
    if (!line.starts_with(directive) || line.size() == directive.size() || line[directive.size()] != ' ') continue;
    line = trim(line.substr(directive.size()));
    line = trim(line.substr(0, line.find(';')));
    if (line.starts_with('"') && line.ends_with('"') && line.size() > 1) line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return "";
}

void check_certificate(const Places& places, const SiteFacts& facts, Report& report) {
  const std::string file = value_of(setup::read_file(places.nginx_file()), "ssl_certificate");
  if (file.empty()) {
    if (!facts.site || !facts.site->site.url.starts_with("https:")) {
      report.hint("TLS", "visitors come without it", "a certificate: docs/operating.md, \"TLS\"");
    }
    return;
  }
  const auto end = output_of({"openssl", "x509", "-noout", "-enddate", "-in", file});
  if (!end.good)
    return report.wrong("TLS", fmt::format("{} cannot be read: {}", file, end.text), "renew the certificate");
  const std::string until = end.text.substr(std::min(end.text.find('=') + 1, end.text.size()));
  const std::string renew = fmt::format("renew {} and systemctl reload nginx", file);
  if (!output_of({"openssl", "x509", "-noout", "-checkend", "0", "-in", file}).good) {
    report.wrong("TLS", "the certificate ended on " + until, renew);
  } else if (!output_of({"openssl", "x509", "-noout", "-checkend", kSoon, "-in", file}).good) {
    report.wrong("TLS", "the certificate ends on " + until, renew);
  } else {
    report.ok("TLS", "until " + until);
  }
  if (!facts.site) return;
  std::string name = facts.site->site.url.substr(facts.site->site.url.find("://") + 3);
  name.erase(std::min(name.find(':'), name.size()));
  if (output_of({"openssl", "x509", "-noout", "-checkhost", name, "-in", file}).text.contains("does NOT match")) {
    report.wrong("TLS", fmt::format("the certificate is not for {}", name), renew);
  }
}

void check_page(const SiteFacts& facts, Report& report) {
  if (!facts.site) return;
  std::string host = facts.site->site.url.substr(facts.site->site.url.find("://") + 3);
  host.erase(std::min(host.find(':'), host.size()));
  const auto answer = fetch("127.0.0.1", 80, host, "/", 5s);
  if (!answer) return report.wrong("page", answer.error(), "systemctl start nginx");
  if (answer->status == 200 && !answer->body.contains("/assets/")) {
    return report.wrong("page", fmt::format("Nginx answers for {} with another site", host),
                        "server_name in its @site_listen lines, then systemctl reload nginx");
  }
  if (answer->status >= 400) {
    return report.wrong("page", fmt::format("Nginx answers for {} with {}", host, answer->status),
                        "correct the findings about the programs");
  }
  report.ok("page", fmt::format("Nginx answers for {}", host));
}

}  // namespace

void check_nginx(const Places& places, const SiteFacts& facts, Report& report) {
  if (!facts.nginx) return;
  check_version(report);
  check_drift(places.nginx_file(), places.share / "nginx/minschool-loadbalancer.conf",
              "minschool setup (it keeps the lines marked # @)", report);
  for (const char* name : setup::kNginxSnippets) {
    const fs::path snippet = places.nginx_dir / "snippets" / name;
    const fs::path packaged = places.share / "nginx/snippets" / name;
    check_drift(snippet, packaged,
                fmt::format("cp {} {} && systemctl reload nginx", packaged.string(), snippet.string()), report);
  }
  if (const auto tried = output_of({"nginx", "-t", "-q"}); !tried.good) {
    report.wrong("Nginx files", tried.text.substr(0, tried.text.find('\n')),
                 "edit that line, nginx -t, systemctl reload nginx");
  }
  if (const auto most = value_of(setup::read_file(places.nginx_dir / "nginx.conf"), "worker_connections");
      !most.empty()) {
    long connections = 0;
    std::from_chars(most.data(), most.data() + most.size(), connections);
    if (connections < kFewConnections) {
      report.hint("Nginx room", fmt::format("worker_connections is {}; an open page takes two", most),
                  "worker_connections 32768 and worker_rlimit_nofile 65536 in nginx.conf");
    }
  }
  check_certificate(places, facts, report);
  check_page(facts, report);
}

}  // namespace ms::cli::doctor
