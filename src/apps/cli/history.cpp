#include "apps/cli/history.hpp"

#include <iostream>

#include "apps/cli/command.hpp"
#include "apps/cli/publish.hpp"

namespace ms::cli {
namespace {

// An archive of before migration 0014 has no function for it yet.
constexpr const char* kMoveNumbersOn = R"(
  select setval(c.oid::regclass, coalesce(pg_sequence_last_value(c.oid), 0) + 100000)
    from pg_class c where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace)";

void say_restored(const Options& options) {
  const auto settings = load_settings(options);
  Database database(settings);
  begin_history(database, settings);
  std::cout << "All members have to log in again.\n";
}

}  // namespace

void begin_history(Database& database, const config::Settings& settings) {
  {
    Transaction transaction(database);
    const auto knows = database.query("select to_regproc('ms_begin_incarnation') is not null");
    database.query(knows.front().front() == "t" ? "select ms_begin_incarnation()" : kMoveNumbersOn);
    database.query("delete from sessions");
    transaction.commit();
  }
  publish_everything(settings, database);
}

void add_restored(CLI::App& app, const Options& options) {
  auto* command = app.add_subcommand("restored",
                                     "Says that the database was brought back to an earlier state by other means than "
                                     "`restore` (a copy of its folder, a "
                                     "snapshot of its machine): ends all sessions and moves all numbers on");
  command->callback([&options] { say_restored(options); });
}

}  // namespace ms::cli
