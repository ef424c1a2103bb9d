#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>
#include <optional>
#include <string>

#include "infra/io/async.hpp"
#include "infra/pg/migrate.hpp"
#include "infra/pg/wire.hpp"

// For tests that need PostgreSQL: a database of their own on the server that MINSCHOOL_TEST_PG names (a conninfo in
// keyword form of a role that may create databases). script/test starts such a server.
namespace ms::pg {

/// Creates the database of this test program and drops it at the end. Add once to a program:
/// `const auto* const environment = testing::AddGlobalTestEnvironment(new ms::pg::TestDatabase("pg"));`
class TestDatabase : public testing::Environment {
 public:
  explicit TestDatabase(const std::string& name) : name_("ms_test_" + name + "_" + std::to_string(getpid())) {}

  void SetUp() override {
    const char* server = std::getenv("MINSCHOOL_TEST_PG");
    if (server == nullptr) FAIL() << "MINSCHOOL_TEST_PG is not set: run script/test, which starts a PostgreSQL";
    server_ = server;
    execute(server_, "create database " + name_);
    conninfo_ = server_ + " dbname=" + name_;
  }
  void TearDown() override {
    if (!conninfo_.empty()) execute(server_, "drop database " + name_ + " with (force)");
  }

  /// Of the database of this program, as the superuser.
  static const std::string& conninfo() { return conninfo_; }
  /// The same with the rights of a program's role ("minschool_site", "minschool_admin"), which migrate() creates, so
  /// that a feature is tested with the rights of the program that runs it.
  static std::string conninfo(const std::string& role) { return conninfo_ + " options='-c role=" + role + "'"; }

  /// Creates the product's schema. For SetUpTestSuite.
  static void migrate() {
    up(conninfo_, read_schema(MINSCHOOL_SOURCE_DIR "/schema"), [](std::string_view) {});
    if (!filled_tables_.empty()) return;  // another suite of the program ran first, and has left rows
    filled_tables_ = execute(R"(
      select coalesce(string_agg(relname, ','), '') from pg_class
       where relnamespace = 'public'::regnamespace and relkind = 'r' and (xpath('//filled/text()', query_to_xml(
               format('select exists (select from %I) as filled', relname), false, true, '')))[1]::text = 'true')");
  }

  /// Empties all tables but those that migrate() fills, and restarts every sequence. For SetUp.
  static void clear() {
    execute(
        "set client_min_messages = warning; do $clear$ declare each text; filled bool; list text; begin "
        "for each in select quote_ident(relname) from pg_class where relnamespace = 'public'::regnamespace and "
        "relkind = 'r' and relname <> all (string_to_array('" +
        filled_tables_ +
        "', ',')) loop "
        "execute 'select exists (select from ' || each || ')' into filled; "
        "if filled then list := concat_ws(', ', list, each); end if; end loop; "
        "if list is not null then execute 'truncate ' || list || ' cascade'; end if; "
        "perform setval(format('%I.%I', schemaname, sequencename), start_value, false) from pg_sequences "
        "where schemaname = 'public' and last_value is not null; end $clear$");
  }

  /// Runs statements on a connection of their own, waits, and gives the first cell as text.
  static std::string execute(const std::string& where, const std::string& sql) {
    const ConnectionPtr connection = Parameters(where, "minschool-test").connect_blocking();
    if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(last_error(connection.get()));
    const ResultPtr result(PQexec(connection.get(), sql.c_str()));
    const auto state = PQresultStatus(result.get());
    if (state != PGRES_COMMAND_OK && state != PGRES_TUPLES_OK) throw std::runtime_error(last_error(connection.get()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }
  static std::string execute(const std::string& sql) { return execute(conninfo_, sql); }

 private:
  std::string name_;
  std::string server_;
  static inline std::string conninfo_;
  static inline std::string filled_tables_;  ///< those that have rows right after migrate()
};

/// Starts a coroutine on `io`. get() runs `io` until the coroutine ends, and returns its value or throws its exception.
template <class T>
class BackgroundTask {
 public:
  BackgroundTask(asio::io_context& io, async<T> task) : io_(io), outcome_(std::make_shared<Outcome>()) {
    asio::co_spawn(io, keep(std::move(task), outcome_), [outcome = outcome_](std::exception_ptr error) {
      outcome->error = error;
      outcome->ended = true;
    });
  }
  bool ended() const { return outcome_->ended; }
  T get() {
    const auto work = asio::make_work_guard(io_);
    while (!outcome_->ended) io_.run_one();
    if (outcome_->error) std::rethrow_exception(outcome_->error);
    if constexpr (!std::is_void_v<T>) return std::move(*outcome_->value);
  }

 private:
  struct Outcome {
    std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
    std::exception_ptr error;
    bool ended = false;
  };
  static async<void> keep(async<T> task, std::shared_ptr<Outcome> outcome) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
    } else {
      outcome->value.emplace(co_await std::move(task));
    }
  }

  asio::io_context& io_;
  std::shared_ptr<Outcome> outcome_;
};

template <class T>
T run(asio::io_context& io, async<T> task) {
  return BackgroundTask<T>(io, std::move(task)).get();
}

}  // namespace ms::pg
