#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>

#include "apps/cli/command.hpp"
#include "apps/cli/doctor/checks.hpp"

namespace ms::cli {
namespace {

constexpr unsigned kMax = 60;  // seconds for all of it

/// Each step has its own deadline; this one is for a server that stops in the middle of an answer.
void bound_time() {
  ::setenv("PGCONNECT_TIMEOUT", "5", 0);
  std::signal(SIGALRM, [](int) {
    constexpr std::string_view kLate = "minschool: PostgreSQL or Redis stopped in the middle of an answer\n";
    static_cast<void>(::write(STDERR_FILENO, kLate.data(), kLate.size()) > 0);
    ::_exit(kFailed);
  });
  ::alarm(kMax);
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto* command =
      app.add_subcommand("doctor", "Says what is wrong with this machine and how to fix it; 1 if anything is");
  struct CommandOptions {
    doctor::Places places;
    bool json = false;
  };
  const auto chosen = std::make_shared<CommandOptions>();
  command->add_flag("--json", chosen->json, "For programs: check, state (ok, hint, wrong), says, mend");
  command->add_option("--dir", chosen->places.dir, "Folder of the settings (default: /etc/minschool)");
  command->add_option("--nginx-dir", chosen->places.nginx_dir, "Folder of Nginx's files (default: /etc/nginx)");
  command->add_option("--share", chosen->places.share, "Folder of the packaged files (default: /usr/share/minschool)");
  command->callback([chosen] {
    bound_time();
    doctor::Report report;
    const doctor::SiteFacts facts = doctor::check_settings(chosen->places, report);
    doctor::check_rights(chosen->places, report);
    report.guard("programs", [&] { doctor::check_programs(facts, report); });
    report.guard("disk", [&] { doctor::check_disk(report); });
    report.guard("files", [&] { doctor::check_storage(facts, report); });
    report.guard("clock", [&] { doctor::check_clock(report); });
    report.guard("DNS", [&] { doctor::check_names(facts, report); });
    report.guard("PostgreSQL", [&] { doctor::check_postgres(chosen->places, facts, report); });
    report.guard("Redis", [&] { doctor::check_redis(chosen->places, facts, report); });
    report.guard("Nginx", [&] { doctor::check_nginx(chosen->places, facts, report); });
    report.guard("Nginx", [&] { doctor::check_front(chosen->places, facts, report); });
    std::cout << (chosen->json ? report.json() : report.text()) << std::flush;
    if (report.broken()) throw Failure("something is wrong with this machine; see above");
  });
}

}  // namespace ms::cli
