#include "infra/pg/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/pg/wire.hpp"

namespace ms::pg {
namespace {

/// Any number works as long as all our servers use the same: "MinS" in ASCII.
constexpr const char* kLockSql = "select pg_advisory_lock(1298755155)";
constexpr const char* kTablesSql =
    "create table if not exists schema_migrations ("
    "number int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now());"
    "create table if not exists schema_functions ("
    "name text primary key, sha256 text not null, applied_at timestamptz not null default now())";
constexpr const char* kExistsSql = "select to_regclass($1) is not null";
constexpr const char* kAppliedSql = "select number, name, sha256, applied_at from schema_migrations order by number";
constexpr const char* kRecordSql = "insert into schema_migrations (number, name, sha256) values ($1, $2, $3)";
constexpr const char* kFunctionsSql = "select name, sha256 from schema_functions";
constexpr const char* kRecordFunctionSql =
    "insert into schema_functions (name, sha256) values ($1, $2)"
    " on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()";
/// A function's text may name tables and functions that come after it.
constexpr const char* kBeginSql = "begin; set local lock_timeout = '5s'; set local check_function_bodies = off";
/// The migrations before the first release, which the baseline replaces: the first and the last of them.
constexpr const char* kFirstUnreleased = "foundation";
constexpr int kLastUnreleased = 21;

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// A blocking connection whose errors are MigrationErrors.
class Session {
 public:
  explicit Session(const std::string& conninfo)
      : connection_(Parameters(conninfo, "minschool-migrate").connect_blocking()) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw MigrationError(last_error(connection_.get()));
    if (const auto wrong = wrong_encoding(connection_.get())) throw MigrationError(wrong->says + "; " + wrong->remedy);
    run("set client_min_messages = warning");
  }

  /// One or more statements without parameters.
  ResultPtr run(const std::string& sql) { return check(ResultPtr(PQexec(connection_.get(), sql.c_str()))); }

  ResultPtr run(const char* sql, const std::vector<std::string>& values) {
    std::vector<const char*> texts;
    for (const std::string& value : values) texts.push_back(value.c_str());
    return check(ResultPtr(PQexecParams(connection_.get(), sql, static_cast<int>(texts.size()), nullptr, texts.data(),
                                        nullptr, nullptr, 0)));
  }

  bool in_transaction() const { return PQtransactionStatus(connection_.get()) == PQTRANS_INTRANS; }

 private:
  ResultPtr check(ResultPtr result) const {
    const auto state = PQresultStatus(result.get());
    if (state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK || state == PGRES_EMPTY_QUERY) return result;
    throw MigrationError(last_error(connection_.get()));
  }

  ConnectionPtr connection_;
};

bool exists(Session& session, const std::string& table) {
  return std::string_view(PQgetvalue(session.run(kExistsSql, {table}).get(), 0, 0)) == "t";
}

std::vector<AppliedMigration> read_applied(Session& session) {
  std::vector<AppliedMigration> out;
  if (!exists(session, "schema_migrations")) return out;
  const ResultPtr rows = session.run(kAppliedSql);
  for (int r = 0; r < PQntuples(rows.get()); ++r) {
    out.push_back({std::stoi(PQgetvalue(rows.get(), r, 0)), PQgetvalue(rows.get(), r, 1), PQgetvalue(rows.get(), r, 2),
                   PQgetvalue(rows.get(), r, 3)});
  }
  return out;
}

std::map<std::string, std::string> read_functions(Session& session) {
  std::map<std::string, std::string> out;
  if (!exists(session, "schema_functions")) return out;
  const ResultPtr rows = session.run(kFunctionsSql);
  for (int r = 0; r < PQntuples(rows.get()); ++r)
    out.emplace(PQgetvalue(rows.get(), r, 0), PQgetvalue(rows.get(), r, 1));
  return out;
}

std::string sum_of(const std::string& sql) { return hex(secret::sha256(sql)); }

/// Runs a file inside the open transaction.
void run_file(Session& session, const std::string& file, const std::string& sql) {
  try {
    session.run(sql);
    if (!session.in_transaction())
      throw MigrationError("it ends the transaction it runs in; BEGIN and COMMIT are ours");
  } catch (const MigrationError& error) { throw MigrationError(file + ": " + error.what()); }
}

std::string file_of(const Migration& migration) { return fmt::format("{:04}_{}", migration.number, migration.name); }

/// Turns a database from before the first release into one of the baseline.
void adopt_unreleased(Session& session, const Schema& schema, std::vector<AppliedMigration>& applied,
                      const std::function<void(std::string_view)>& log) {
  if (applied.empty() || applied.front().name != kFirstUnreleased || schema.unreleased.empty()) return;
  if (applied.back().number != kLastUnreleased) {
    throw MigrationError(
        fmt::format("the database has {} of the {} migrations before the first release: bring it to the last of them "
                    "with the programs that it was made by (commit 1646d74), then migrate again",
                    applied.size(), kLastUnreleased));
  }
  log("a database from before the first release: bringing it to the baseline");
  run_file(session, "unreleased.sql", schema.unreleased);
  const Migration& baseline = schema.migrations.front();
  session.run(kRecordSql, {std::to_string(baseline.number), baseline.name, sum_of(baseline.sql)});
  applied = read_applied(session);
}

int apply_migrations(Session& session, const Schema& schema, const std::vector<AppliedMigration>& applied,
                     const std::function<void(std::string_view)>& log) {
  int count = 0;
  for (const Migration& migration : schema.migrations) {
    const std::string sum = sum_of(migration.sql);
    const auto row = std::ranges::find(applied, migration.number, &AppliedMigration::number);
    if (row == applied.end()) {
      log("applying " + file_of(migration));
      run_file(session, file_of(migration) + ".sql", migration.sql);
      session.run(kRecordSql, {std::to_string(migration.number), migration.name, sum});
      ++count;
    } else if (row->sha256 != sum) {
      throw MigrationError(fmt::format("{}.sql was changed after it had been applied on {}; write a new migration",
                                       file_of(migration), row->applied_at));
    }
  }
  return count;
}

void replace_functions(Session& session, const Schema& schema, const std::function<void(std::string_view)>& log) {
  const auto existing = read_functions(session);
  std::string replaced;
  for (const Function& function : schema.functions) {
    const std::string sum = sum_of(function.sql);
    if (const auto found = existing.find(function.name); found != existing.end() && found->second == sum) continue;
    run_file(session, function.name + ".sql", function.sql);
    session.run(kRecordFunctionSql, {function.name, sum});
    replaced += " " + function.name;
  }
  if (!replaced.empty()) log("functions:" + replaced);
}

void check_first_line(const std::string& file, const std::string& sql) {
  const std::string_view line = std::string_view(sql).substr(0, sql.find('\n'));
  for (const std::string_view start : {"-- expand:", "-- contract:"}) {
    if (line.starts_with(start) && !trim(line.substr(start.size())).empty()) return;
  }
  throw MigrationError(file + ": the first line must be \"-- expand: <sentence>\" or \"-- contract: <sentence>\"");
}

}  // namespace

std::optional<WrongEncoding> wrong_encoding(const PGconn* connection) {
  const char* encoding = PQparameterStatus(connection, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) == "UTF8") return std::nullopt;
  const std::string name = PQdb(connection);
  return WrongEncoding{
      fmt::format("the database {} is in {}, and MinSchool needs UTF8", name, encoding),
      fmt::format("create it again: create database {} owner minschool_owner template template0 encoding 'UTF8' locale "
                  "'C.UTF-8'; what it holds comes over with pg_dump before and pg_restore afterwards",
                  name)};
}

namespace {

/// Names of the *.sql files of a folder, sorted.
std::vector<std::string> files_of(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".sql") files.push_back(entry.path().filename().string());
  }
  if (error) throw MigrationError(folder.string() + ": " + error.message());
  std::ranges::sort(files);
  return files;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string sql{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw MigrationError(file.filename().string() + ": cannot be read");
  return sql;
}

std::vector<Migration> read_migrations(const std::filesystem::path& folder) {
  static const std::regex kName("([0-9]{4})_([a-z0-9_]+)\\.sql");
  std::vector<Migration> out;
  for (const std::string& file : files_of(folder)) {
    std::smatch parts;
    if (!std::regex_match(file, parts, kName)) throw MigrationError(file + ": the name must be like 0002_members.sql");
    const int number = std::stoi(parts[1]);
    const int expected = static_cast<int>(out.size()) + 1;
    if (number < expected) throw MigrationError(fmt::format("{}: the number {:04} is used twice", file, number));
    if (number > expected)
      throw MigrationError(fmt::format("{}: the number {:04} is missing before it", file, expected));
    std::string sql = text_of(folder / file);
    check_first_line(file, sql);
    out.push_back({number, parts[2], std::move(sql)});
  }
  return out;
}

std::vector<Function> read_functions(const std::filesystem::path& folder) {
  std::vector<Function> out;
  for (const std::string& file : files_of(folder)) {
    std::string name = file.substr(0, file.size() - std::string_view(".sql").size());
    std::string sql = text_of(folder / file);
    if (!sql.contains("create or replace function " + name + "("))
      throw MigrationError(fmt::format("{}: it must hold `create or replace function {}(`", file, name));
    out.push_back({std::move(name), std::move(sql)});
  }
  return out;
}

}  // namespace

Schema read_schema(const std::filesystem::path& folder) {
  const auto unreleased = folder / "unreleased.sql";
  return {read_migrations(folder / "migrations"), read_functions(folder / "functions"),
          std::filesystem::exists(unreleased) ? text_of(unreleased) : ""};
}

SchemaState schema_state(const std::string& conninfo) {
  Session session(conninfo);
  return {read_applied(session), read_functions(session)};
}

std::size_t outdated_functions(const SchemaState& database, const Schema& schema) {
  return static_cast<std::size_t>(std::ranges::count_if(schema.functions, [&](const Function& function) {
    const auto found = database.functions.find(function.name);
    return found == database.functions.end() || found->second != sum_of(function.sql);
  }));
}

int up(const std::string& conninfo, const Schema& schema, const std::function<void(std::string_view)>& log) {
  Session session(conninfo);
  session.run(kLockSql);  // until the session ends
  session.run(kBeginSql);
  session.run(kTablesSql);
  auto applied = read_applied(session);
  adopt_unreleased(session, schema, applied, log);
  const int count = apply_migrations(session, schema, applied, log);
  if (applied.size() <= schema.migrations.size()) replace_functions(session, schema, log);
  session.run("commit");
  return count;
}

}  // namespace ms::pg
