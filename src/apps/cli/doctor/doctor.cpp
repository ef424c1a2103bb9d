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

constexpr unsigned kLongest = 60;  // seconds for all of it

/// Each step has a deadline of its own; this is for a server that stops in the middle of an answer.
void bound_time() {
  ::setenv("PGCONNECT_TIMEOUT", "5", 0);
  std::signal(SIGALRM, [](int) {
    constexpr std::string_view kLate = "minschool: PostgreSQL or Redis stopped in the middle of an answer\n";
    static_cast<void>(::write(STDERR_FILENO, kLate.data(), kLate.size()) > 0);
    ::_exit(kFailed);
  });
  ::alarm(kLongest);
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto* command =
      app.add_subcommand("doctor", "Says what is wrong with this machine and how to mend it; 1 if anything is");
  struct Wish {
    doctor::Places places;
    bool json = false;
  };
  const auto wish = std::make_shared<Wish>();
  command->add_flag("--json", wish->json, "For programs: check, state (ok, hint, wrong), says, mend");
  command->add_option("--dir", wish->places.dir, "Folder of the settings (default: /etc/minschool)");
  command->add_option("--nginx-dir", wish->places.nginx_dir, "Folder of Nginx's files (default: /etc/nginx)");
  command->add_option("--share", wish->places.share, "Folder of the packaged files (default: /usr/share/minschool)");
  command->callback([wish] {
    bound_time();
    doctor::Report report;
    const doctor::Known known = doctor::check_settings(wish->places, report);
    doctor::check_rights(wish->places, report);
    report.guard("programs", [&] { doctor::check_programs(known, report); });
    report.guard("disk", [&] { doctor::check_disk(report); });
    report.guard("clock", [&] { doctor::check_clock(report); });
    report.guard("DNS", [&] { doctor::check_names(known, report); });
    report.guard("PostgreSQL", [&] { doctor::check_postgres(wish->places, known, report); });
    report.guard("Redis", [&] { doctor::check_redis(wish->places, known, report); });
    report.guard("Nginx", [&] { doctor::check_nginx(wish->places, known, report); });
    report.guard("Nginx", [&] { doctor::check_front(wish->places, known, report); });
    std::cout << (wish->json ? report.json() : report.text()) << std::flush;
    if (report.broken()) throw Failure("something is wrong with this machine; see above");
  });
}

}  // namespace ms::cli
