#include "infra/pg/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "apps/cli/command.hpp"

namespace ms::cli {
namespace {

void run_migrations(const Options& options, const std::string& dir) {
  const auto conninfo = config::pg_config(load_settings(options)).conninfo;
  const int applied = pg::up(conninfo, pg::read_schema(dir), [](std::string_view line) { std::cout << line << '\n'; });
  std::cout << fmt::format("{} applied.\n", applied);
}

void show(const Options& options, const std::string& dir) {
  const auto conninfo = config::pg_config(load_settings(options)).conninfo;
  const auto schema = pg::read_schema(dir);
  const auto installed = pg::schema_state(conninfo);
  std::size_t missing = 0;
  for (const auto& migration : schema.migrations) {
    const auto found = std::ranges::find(installed.migrations, migration.number, &pg::AppliedMigration::number);
    if (found == installed.migrations.end()) ++missing;
    const auto when = found == installed.migrations.end() ? std::string("not applied") : "applied " + found->applied_at;
    std::cout << fmt::format("{:04} {}: {}\n", migration.number, migration.name, when);
  }
  std::cout << fmt::format("{} functions, {} of them outdated.\n", schema.functions.size(),
                           pg::outdated_functions(installed, schema));
  std::cout << fmt::format("{} not applied.\n", missing);
}

}  // namespace

void add_migrate(CLI::App& app, const Options& options) {
  auto* migrate = app.add_subcommand("migrate", "The database schema: apply what is missing, or show what there is");
  migrate->require_subcommand(1);
  migrate->fallthrough();
  const auto dir = std::make_shared<std::string>("schema");
  const char* dir_help = "Folder with migrations/ and functions/ (default: schema)";

  auto* up = migrate->add_subcommand(
      "up", "Applies the migrations that are missing and replaces the functions that changed, in one transaction");
  up->add_option("--dir", *dir, dir_help);
  up->callback([&options, dir] { run_migrations(options, *dir); });

  auto* status =
      migrate->add_subcommand("status", "Shows which migrations are applied, and how many functions are outdated");
  status->add_option("--dir", *dir, dir_help);
  status->callback([&options, dir] { show(options, *dir); });
}

}  // namespace ms::cli
