// Starts the units and checks that pages can be fetched. Without systemd (a container, a chroot) setup prints what to
// start.
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "apps/cli/command.hpp"
#include "apps/cli/fetch.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "apps/cli/tool.hpp"

namespace ms::cli::setup {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimeout = 30s;  // for a program to answer; TimeoutStartSec of its unit
constexpr auto kPause = 100ms;
constexpr int kSitePort = 3000;
constexpr int kAdminPort = 3001;
constexpr int kHttpPort = 80;

bool succeeds(Tool tool) {
  try {
    run(tool);
    return true;
  } catch (const Failure&) { return false; }
}

bool is(const char* state, const std::string& unit) { return succeeds({{"systemctl", "--quiet", state, unit}}); }

/// Starts stopped units; running ones reload changed settings.
void start_or_reload(const std::string& unit, bool changed) {
  if (!is("is-enabled", unit)) {
    run({{"systemctl", "--quiet", "enable", unit}});
    print_step(fmt::format("enabled {}", unit));
  }
  const bool running = is("is-active", unit);
  if (running && !changed) return;
  try {
    run({{"systemctl", running ? "reload-or-restart" : "start", unit}});
  } catch (const Failure&) {
    throw Failure(fmt::format("{} does not start; journalctl -u {} -n 20 says why", unit, unit));
  }
  print_step(fmt::format("{} {}", running ? "reloaded" : "started", unit));
}

/// Polls until `done` gives "" or the time is over; gives its last result.
template <class Done>
std::string await(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kTimeout;
  std::string why = done();
  while (!why.empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPause);
    why = done();
  }
  return why;
}

/// Why the program cannot serve; "" when it can.
std::string health_error(const std::string& address, int port) {
  const auto answer = fetch(address, port, "localhost", "/health", 3s);
  if (!answer) return answer.error();
  boost::system::error_code error;
  const auto body = boost::json::parse(answer->body, error);
  if (error || !body.is_object()) return "/health is no JSON: another program has this port";
  if (answer->status == 200) return "";
  return "/health says " + answer->body;
}

std::string no_page(const std::string& host) {
  const auto answer = fetch("127.0.0.1", kHttpPort, host, "/", 5s);
  if (!answer) return answer.error();
  if (answer->status != 200) return fmt::format("status {}", answer->status);
  // Nginx serves its own welcome page until it has loaded the new file.
  return answer->body.contains("/assets/") ? "" : "another page than ours";
}

/// Mounts a file system of its own for Nginx's saved pages, where systemd has its unit. Removes the pages that an older
/// version saved on the disk below it.
void mount_cache() {
  const std::string unit = "var-lib-nginx-minschool.mount";
  if (!succeeds({{"systemctl", "--quiet", "cat", unit}}) || is("is-active", unit)) return;
  std::error_code ignored;
  std::filesystem::remove_all("/var/lib/nginx/minschool", ignored);
  run({{"systemctl", "--quiet", "enable", "--now", unit}});
  print_step("pages that Nginx saves have a file system of their own (" + unit + ")");
}

}  // namespace

void start_everything(const SetupOptions& options, bool nginx, bool changed) {
  if (!options.start || !std::filesystem::exists("/run/systemd/system")) {
    print_step(
        "The programs are not started, because no systemd runs here (or --no-start was given): minschool-site, "
        "minschool-admin and, beside Nginx, minschool-monitor.");
    return;
  }
  run({{"systemctl", "daemon-reload"}});
  start_or_reload("minschool-site.service", changed);
  start_or_reload("minschool-admin.service", changed);
  if (nginx) {
    mount_cache();
    start_or_reload("minschool-monitor.service", false);
    start_or_reload("nginx.service", true);
  }
  for (const auto& [name, port] : {std::pair{"minschool-site", kSitePort}, std::pair{"minschool-admin", kAdminPort}}) {
    if (const std::string why = await([&options, port] { return health_error(options.address, port); }); !why.empty()) {
      throw Failure(fmt::format("{0} cannot serve at {1}:{2}: {3}; journalctl -u {0} -n 20 says more", name,
                                options.address, port, why));
    }
  }
  if (!nginx)
    return print_step(fmt::format("The programs answer at {}:{} and {}.", options.address, kSitePort, kAdminPort));
  // Nginx does not require TLS for this name.
  const std::string host = options.certificate.empty() ? options.domain : "localhost";
  if (const std::string why = await([&host] { return no_page(host); }); !why.empty()) {
    throw Failure(fmt::format("the programs run, and Nginx gives no page of {}: {}; nginx -t, /var/log/nginx/error.log",
                              host, why));
  }
  print_step(fmt::format("Ready: {0}://{1}/ and, for the staff, {0}://{2}/", options.scheme(), options.domain,
                         options.admin_domain));
}

}  // namespace ms::cli::setup
