#include "infra/pg/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "apps/cli/command.hpp"

namespace ms::cli {
namespace {

void bring_up(const Options& options, const std::string& dir) {
  const auto conninfo = config::pg_config(load_settings(options)).conninfo;
  const int applied =
      pg::up(conninfo, pg::read_migrations(dir), [](std::string_view line) { std::cout << line << '\n'; });
  std::cout << fmt::format("{} applied.\n", applied);
}

void show(const Options& options, const std::string& dir) {
  const auto conninfo = config::pg_config(load_settings(options)).conninfo;
  const auto migrations = pg::read_migrations(dir);
  const auto applied = pg::status(conninfo);
  std::size_t missing = 0;
  for (const auto& migration : migrations) {
    const auto found = std::ranges::find(applied, migration.number, &pg::Applied::number);
    if (found == applied.end()) ++missing;
    const auto when = found == applied.end() ? std::string("not applied") : "applied " + found->applied_at;
    std::cout << fmt::format("{:04} {}: {}\n", migration.number, migration.name, when);
  }
  std::cout << fmt::format("{} not applied.\n", missing);
}

}  // namespace

void add_migrate(CLI::App& app, const Options& options) {
  auto* migrate = app.add_subcommand("migrate", "The database schema: apply what is missing, or show what there is");
  migrate->require_subcommand(1);
  migrate->fallthrough();
  const auto dir = std::make_shared<std::string>("migrations");
  const char* dir_help = "Folder of the NNNN_name.sql files (default: migrations)";

  auto* up = migrate->add_subcommand("up", "Applies the migrations that are missing, each in one transaction");
  up->add_option("--dir", *dir, dir_help);
  up->callback([&options, dir] { bring_up(options, *dir); });

  auto* status = migrate->add_subcommand("status", "Shows which migrations are applied");
  status->add_option("--dir", *dir, dir_help);
  status->callback([&options, dir] { show(options, *dir); });
}

}  // namespace ms::cli
