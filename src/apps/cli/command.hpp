#pragma once
#include <CLI/CLI.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "apps/arguments/arguments.hpp"
#include "infra/config/config.hpp"

// Each file of this folder adds one command to the program; main.cpp turns exceptions into an exit status.
namespace ms::cli {

/// Exit statuses that scripts may rely on.
inline constexpr int kFailed = 1;  ///< configuration, database, file
inline constexpr int kUsage = arguments::kUsage;
inline constexpr int kRefused = 3;  ///< the command does not apply to this database

/// Ends the program: the message is one line for standard error.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message, int status = kFailed) : std::runtime_error(message), status_(status) {}
  int status() const noexcept { return status_; }

 private:
  int status_;
};

/// The options before the command on the command line.
struct Options {
  std::filesystem::path config;
};

/// The settings of `options.config` and the environment; throws Failure.
config::Settings load_settings(const Options& options, config::Program program = config::Program::cli);

void add_migrate(CLI::App& app, const Options& options);
void add_user(CLI::App& app, const Options& options);
void add_demo(CLI::App& app, const Options& options);
void add_backup(CLI::App& app, const Options& options);
void add_restore(CLI::App& app, const Options& options);
void add_restored(CLI::App& app, const Options& options);
void add_monit(CLI::App& app, const Options& options);
void add_config_commands(CLI::App& app, const Options& options);
void add_setup(CLI::App& app);
void add_doctor(CLI::App& app);
void add_nginx_config(CLI::App& app);
void add_postgres_config(CLI::App& app);

}  // namespace ms::cli
