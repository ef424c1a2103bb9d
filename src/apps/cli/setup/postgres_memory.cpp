// PostgreSQL's memory, as a file of its conf.d. What the operator set wins.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/cli/postgres_config.hpp"
#include "apps/cli/setup/files.hpp"
#include "apps/cli/setup/options.hpp"
#include "apps/cli/tool.hpp"
#include "infra/process/memory.hpp"

namespace ms::cli::setup {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHead =
    "# PostgreSQL's memory, which `minschool setup` chose for the memory of this machine. To choose yourself, set it\n"
    "# anywhere else (a file here with a later name, alter system); in postgresql.conf it counts after the next "
    "setup.\n";

constexpr const char* kElsewhere =
    "PostgreSQL's memory stays as it is: `minschool postgres-config` on its machine says what fits";

/// Whether another file than ours has a value for it, other than that of a new cluster.
bool is_operators(Database& database, const PostgresSetting& setting, const fs::path& ours) {
  return !database
              .query("select from pg_file_settings where name = $1 and setting <> $2 and sourcefile <> $3",
                     {setting.name, setting.packaged, ours.string()})
              .empty();
}

std::string content(Database& database, const fs::path& ours) {
  std::string out = kHead;
  for (const PostgresSetting& setting : postgres_memory(process::usable_memory())) {
    out += (is_operators(database, setting, ours) ? "# yours: " : "") + setting_line(setting);
  }
  return out;
}

/// Whether nobody else than MinSchool has a database there.
bool is_ours_alone(Database& database, const std::string& name) {
  return database.query("select from pg_database where not datistemplate and datname not in ('postgres', $1)", {name})
      .empty();
}

void write(Database& database, const SetupOptions& options) {
  const auto rows = database.query("select regexp_replace(current_setting('config_file'), '[^/]*$', 'conf.d')");
  const fs::path folder = rows.at(0).at(0).value();
  const bool is_here = options.database.empty() || std::string_view(PQhost(database.connection())).starts_with('/');
  if (!is_here || !fs::is_directory(folder)) { return print_step(kElsewhere); }
  // Before those of the operator: the last value counts.
  const fs::path file = folder / "00-minschool.conf";
  if (!put_file(file, content(database, file), Readers::everybody)) return;
  database.query("select pg_reload_conf()");
  if (options.database.empty() && options.start && fs::exists("/run/systemd/system") &&
      is_ours_alone(database, options.database_name)) {
    run({{"systemctl", "restart", "postgresql"}});
    return print_step("PostgreSQL restarted, with memory for this machine");
  }
  print_step("PostgreSQL has its shared_buffers after its next restart: systemctl restart postgresql");
}

}  // namespace

void size_postgres_memory(Database& database, const SetupOptions& options) {
  try {
    write(database, options);
  } catch (const DatabaseError&) { print_step(kElsewhere); }  // only a superuser sees its files
}

}  // namespace ms::cli::setup
