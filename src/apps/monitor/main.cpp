#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "apps/arguments/arguments.hpp"
#include "apps/monitor/monitor.hpp"
#include "infra/core/version.hpp"
#include "infra/process/environment.hpp"
#include "infra/process/log.hpp"
#include "infra/process/socket.hpp"

int main(int argc, char** argv) {
  ms::process::pin_environment();
  constexpr int kBadConfig = 78;  // EX_CONFIG of sysexits.h
  CLI::App command("minschool-monitor: watches Nginx and the app servers (see docs/operating.md)", "minschool-monitor");
  std::string path;
  command.add_option("--config", path, "TOML file; without it only MINSCHOOL_… of the environment counts");
  command.set_version_flag("--version", ms::version());
  if (const auto over = ms::arguments::parse(command, argc, argv)) return *over;

  const auto settings = ms::config::load(ms::config::Program::monitor, path);
  if (!settings) {
    std::cerr << "minschool-monitor: " << settings.error() << '\n';
    return kBadConfig;
  }
  ms::process::start_log("minschool-monitor", settings->log.level, settings->log.to_stdout);
  try {
    const auto listening = ms::process::listen_socket(settings->server.address, settings->server.port);
    ms::monitor::Monitor monitor(*settings, listening.fd);
    ::close(listening.fd);  // the server has its own copy
    monitor.run();
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return 1;
  }
  return 0;
}
