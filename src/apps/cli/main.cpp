#include <sodium.h>

#include <clocale>
#include <csignal>
#include <exception>
#include <iostream>

#include "apps/arguments/arguments.hpp"
#include "apps/cli/command.hpp"
#include "infra/core/version.hpp"
#include "infra/process/environment.hpp"

int main(int argc, char** argv) {
  using namespace ms::cli;
  ms::process::pin_environment();
  CLI::App app("Looks after a MinSchool site: its database, members, configuration and demonstration data.",
               "minschool");
  Options options;
  app.add_option("--config", options.config, "Configuration file; without one the environment alone counts")
      ->envname("MINSCHOOL_CONFIG");
  app.set_version_flag("--version", "minschool " + ms::version());
  app.require_subcommand(1);
  app.fallthrough();
  add_setup(app);
  add_doctor(app);
  add_migrate(app, options);
  add_user(app, options);
  add_backup(app, options);
  add_restore(app, options);
  add_restored(app, options);
  add_monit(app, options);
  add_config_commands(app, options);
  add_nginx_config(app);
  add_postgres_config(app);
  add_demo(app, options);
  try {
    std::setlocale(LC_CTYPE, "C.UTF-8");  // names of files in an archive
    std::signal(SIGPIPE, SIG_IGN);        // a tool that exits early is an error, not the end of this program
    if (sodium_init() < 0) throw Failure("libsodium cannot be used on this machine");
    return ms::arguments::parse(app, argc, argv).value_or(0);
  } catch (const Failure& fault) {
    std::cerr << "minschool: " << fault.what() << '\n';
    return fault.status();
  } catch (const std::exception& fault) {
    std::cerr << "minschool: " << fault.what() << '\n';
    return kFailed;
  }
}
