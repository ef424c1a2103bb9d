#include "apps/cli/history.hpp"

#include <iostream>

#include "apps/cli/command.hpp"
#include "apps/cli/publish.hpp"

namespace ms::cli {
namespace {

void reset_after_restore(const Options& options) {
  const auto settings = load_settings(options);
  Database database(settings);
  begin_history(database, settings);
  std::cout << "All members have to log in again.\n";
}

}  // namespace

void begin_history(Database& database, const config::Settings& settings) {
  {
    Transaction transaction(database);
    database.query("select ms_begin_incarnation()");
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
  command->callback([&options] { reset_after_restore(options); });
}

}  // namespace ms::cli
