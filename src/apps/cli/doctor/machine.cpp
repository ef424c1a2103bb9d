// The machine itself: settings, rights, programs, disk, clock, names.
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <set>

#include "apps/cli/doctor/checks.hpp"
#include "apps/cli/fetch.hpp"
#include "apps/cli/tool.hpp"
#include "infra/core/version.hpp"

namespace ms::cli::doctor {
namespace {

namespace fs = std::filesystem;
using config::Program;
using namespace std::chrono_literals;

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kMinFreeMb = 500;  // a night's logs and a backup of a small site
constexpr std::uint64_t kLittleFreeMb = 5000;

std::optional<config::Settings> load(const Places& places, Program program, const char* name, Report& report) {
  const fs::path file = places.dir / fmt::format("{}.toml", name);
  if (!fs::exists(file)) return std::nullopt;
  const std::string check = fmt::format("config {}", name);
  auto settings = config::load(program, file);
  if (!settings) {
    report.wrong(check, settings.error(), fmt::format("edit {}", file.string()));
    return std::nullopt;
  }
  report.ok(check, file.string());
  return *std::move(settings);
}

/// A text in the answer of /health, by its JSON pointer (RFC 6901).
std::string text_at(const std::string& health, std::string_view pointer) {
  boost::system::error_code error;
  const auto parsed = boost::json::parse(health, error);
  if (error) return "";
  const auto* found = parsed.find_pointer(pointer, error);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

void check_unit(const std::string& name, Report& report) {
  if (!has_systemd()) return;
  const std::string unit = name + ".service";
  if (const auto active = output_of({"systemctl", "is-active", unit}); !active.good) {
    report.wrong(name, "the unit is " + active.text,
                 fmt::format("systemctl start {0}; journalctl -u {0} -n 20 says why it stopped", name));
  } else if (!output_of({"systemctl", "is-enabled", unit}).good) {
    report.wrong(name, "does not start with the machine", "systemctl enable " + name);
  }
}

void check_program(const std::string& name, const config::Settings& settings, Report& report) {
  check_unit(name, report);
  const auto installed = output_of({name, "--version"});
  if (!installed.good) return report.wrong(name, "is not installed", "apt install minschool");
  if (installed.text != version()) {
    report.wrong(name, fmt::format("is version {}, minschool is {}", installed.text, version()),
                 "apt install --reinstall minschool");
  }
  const auto where = fmt::format("{}:{}", settings.server.address, settings.server.port);
  const auto answer = fetch(settings.server.address, settings.server.port, "localhost", "/health", 3s);
  if (!answer)
    return report.wrong(name, fmt::format("no answer at {}: {}", where, answer.error()), "systemctl restart " + name);
  if (const auto running = text_at(answer->body, "/version"); running != installed.text) {
    report.wrong(name, fmt::format("version {} runs, {} is installed", running, installed.text),
                 "systemctl reload " + name);
  }
  const auto status = text_at(answer->body, "/status");
  if (status == "down")
    return report.wrong(name, "cannot serve: " + answer->body, "correct the findings about PostgreSQL below");
  if (text_at(answer->body, "/checks/postgresql/state") == "degraded") {
    return report.wrong(name, "PostgreSQL takes no writes: " + text_at(answer->body, "/checks/postgresql/error"),
                        "correct the findings about PostgreSQL below");
  }
  if (status == "degraded") return report.hint(name, "serves without Redis", "correct the findings about Redis");
  report.ok(name, fmt::format("version {} answers at {}", installed.text, where));
}

}  // namespace

SiteFacts check_settings(const Places& places, Report& report) {
  SiteFacts out;
  out.site = load(places, Program::site, "site", report);
  out.admin = load(places, Program::admin, "admin", report);
  out.monitor = load(places, Program::monitor, "monitor", report);
  out.owner = load(places, Program::cli, "owner", report);
  out.nginx = fs::exists(places.nginx_file());
  if (!fs::exists(places.dir / "site.toml") && !out.nginx) {
    report.wrong("setup", fmt::format("{} has no settings", places.dir.string()), "minschool setup");
  }
  return out;
}

void check_rights(const Places& places, Report& report) {
  std::error_code error;
  const group* programs = ::getgrnam("minschool");
  bool ok = true;
  const auto wrong = [&](const fs::path& file, const char* message, const std::string& remedy) {
    ok = false;
    report.wrong("rights", fmt::format("{} {}", file.string(), message), remedy);
  };
  for (const auto& entry : fs::directory_iterator(places.dir, error)) {
    const fs::path& file = entry.path();
    struct stat found{};
    if (!entry.is_regular_file(error) || ::stat(file.c_str(), &found) != 0) continue;
    // Files for root only: those of the schema's owner and of the Redis user for setup.
    const bool owners = file.filename().string().starts_with("owner.") || file.filename() == "redis.admin";
    const bool secret = file.extension() != ".toml" || owners;
    if (secret && (found.st_mode & 0007) != 0) wrong(file, "can be read by everybody", "chmod o= " + file.string());
    if (owners && (found.st_mode & 0070) != 0) wrong(file, "can be read by the programs", "chmod g= " + file.string());
    const bool reach = programs == nullptr || (found.st_mode & 0004) != 0 ||
                       (found.st_gid == programs->gr_gid && (found.st_mode & 0040) != 0);
    if (!owners && !reach) {
      wrong(file, "cannot be read by the programs", fmt::format("chgrp minschool {0} && chmod g=r {0}", file.string()));
    }
  }
  if (error)
    return report.wrong("rights", fmt::format("{}: {}", places.dir.string(), error.message()), "run this as root");
  if (ok) report.ok("rights", fmt::format("files in {}", places.dir.string()));
}

void check_programs(const SiteFacts& facts, Report& report) {
  if (facts.site) check_program("minschool-site", *facts.site, report);
  if (facts.admin) check_program("minschool-admin", *facts.admin, report);
  if (facts.monitor && facts.nginx) check_program("minschool-monitor", *facts.monitor, report);
}

void check_disk(Report& report) {
  std::set<unsigned long> seen;
  for (const char* path : {"/var/lib/postgresql", "/var/lib/nginx", "/var/log", "/var/lib/minschool", "/"}) {
    struct statvfs room{};
    if (::statvfs(path, &room) != 0 || !seen.insert(room.f_fsid).second) continue;
    const std::uint64_t free = room.f_bavail * room.f_frsize / kMegabyte;
    const std::string message = fmt::format("{} MB free for {}", free, path);
    if (free < kMinFreeMb) {
      report.wrong("disk", message, "make room: PostgreSQL stops when its disk is full");
    } else if (free < kLittleFreeMb) {
      report.hint("disk", message, "see what grows: du -x -h -d 2 / | sort -h | tail");
    } else {
      report.ok("disk", message);
    }
    if (room.f_files > 0 && room.f_favail * 100 < room.f_files) {
      report.wrong("disk", fmt::format("{} has no inodes left", path), "remove what has very many small files");
    }
  }
}

void check_clock(Report& report) {
  timex asked{};
  if (::adjtimex(&asked) == TIME_ERROR || (asked.status & STA_UNSYNC) != 0) {
    return report.hint("clock", "nobody keeps it right", "apt install systemd-timesyncd (or chrony)");
  }
  report.ok("clock", "kept right by NTP");
}

void check_names(const SiteFacts& facts, Report& report) {
  if (!facts.site) return;
  for (std::string name : {facts.site->site.url, facts.site->site.admin_url}) {
    name.erase(0, name.find("://") + 3);
    name.erase(std::min(name.find(':'), name.size()));
    const auto found = output_of({"getent", "ahosts", name});
    if (!found.good) {
      report.wrong("DNS", fmt::format("{} has no address", name), "add it to the DNS of the domain");
    } else {
      report.ok("DNS", fmt::format("{} is {}", name, found.text.substr(0, found.text.find(' '))));
    }
  }
}

}  // namespace ms::cli::doctor
