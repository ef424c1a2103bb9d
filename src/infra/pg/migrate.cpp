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

/// Any number will do as long as all our servers use the same: "MinS" in ASCII.
constexpr const char* kLockSql = "select pg_advisory_lock(1298755155)";
constexpr const char* kTableSql =
    "create table if not exists schema_migrations ("
    "number int primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())";
constexpr const char* kExistsSql = "select to_regclass('schema_migrations') is not null";
constexpr const char* kAppliedSql = "select number, name, sha256, applied_at from schema_migrations order by number";
constexpr const char* kRecordSql = "insert into schema_migrations (number, name, sha256) values ($1, $2, $3)";

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
    if (const auto wrong = wrong_encoding(connection_.get())) throw MigrationError(wrong->says + "; " + wrong->mend);
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

std::vector<Applied> read_applied(Session& session) {
  const ResultPtr exists = session.run(kExistsSql);
  std::vector<Applied> out;
  if (std::string_view(PQgetvalue(exists.get(), 0, 0)) != "t") return out;
  const ResultPtr rows = session.run(kAppliedSql);
  for (int r = 0; r < PQntuples(rows.get()); ++r) {
    out.push_back({std::stoi(PQgetvalue(rows.get(), r, 0)), PQgetvalue(rows.get(), r, 1), PQgetvalue(rows.get(), r, 2),
                   PQgetvalue(rows.get(), r, 3)});
  }
  return out;
}

void apply(Session& session, const Migration& migration, const std::string& sum) {
  const std::string file = fmt::format("{:04}_{}.sql", migration.number, migration.name);
  try {
    session.run("begin; set local lock_timeout = '5s'");
    session.run(migration.sql);
    if (!session.in_transaction())
      throw MigrationError("it ends the transaction it runs in; BEGIN and COMMIT are ours");
    session.run(kRecordSql, {std::to_string(migration.number), migration.name, sum});
    session.run("commit");
  } catch (const MigrationError& error) { throw MigrationError(file + ": " + error.what()); }
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
      fmt::format("make it anew: create database {} owner minschool_owner template template0 encoding 'UTF8' locale "
                  "'C.UTF-8'; what it holds comes over with pg_dump before and pg_restore afterwards",
                  name)};
}

std::vector<Migration> read_migrations(const std::filesystem::path& folder) {
  static const std::regex kName("([0-9]{4})_([a-z0-9_]+)\\.sql");
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".sql") files.push_back(entry.path().filename().string());
  }
  if (error) throw MigrationError(folder.string() + ": " + error.message());
  std::ranges::sort(files);

  std::vector<Migration> out;
  for (const std::string& file : files) {
    std::smatch parts;
    if (!std::regex_match(file, parts, kName)) throw MigrationError(file + ": the name must be like 0001_members.sql");
    const int number = std::stoi(parts[1]);
    const int expected = static_cast<int>(out.size()) + 1;
    if (number < expected) throw MigrationError(fmt::format("{}: the number {:04} is used twice", file, number));
    if (number > expected)
      throw MigrationError(fmt::format("{}: the number {:04} is missing before it", file, expected));
    std::ifstream in(folder / file, std::ios::binary);
    std::string sql{std::istreambuf_iterator<char>(in), {}};
    if (!in) throw MigrationError(file + ": cannot be read");
    check_first_line(file, sql);
    out.push_back({number, parts[2], std::move(sql)});
  }
  return out;
}

std::vector<Applied> status(const std::string& conninfo) {
  Session session(conninfo);
  return read_applied(session);
}

int up(const std::string& conninfo, const std::vector<Migration>& migrations,
       const std::function<void(std::string_view)>& log) {
  Session session(conninfo);
  session.run(kLockSql);  // until the session ends
  session.run(kTableSql);
  std::map<int, Applied> applied;
  for (Applied& row : read_applied(session)) applied.emplace(row.number, std::move(row));

  int count = 0;
  for (const Migration& migration : migrations) {
    const std::string sum = hex(secret::sha256(migration.sql));
    const auto known = applied.find(migration.number);
    if (known == applied.end()) {
      log(fmt::format("applying {:04}_{}", migration.number, migration.name));
      apply(session, migration, sum);
      ++count;
    } else if (known->second.sha256 != sum) {
      throw MigrationError(
          fmt::format("{:04}_{}.sql was changed after it had been applied on {}; write a new migration",
                      migration.number, migration.name, known->second.applied_at));
    }
  }
  return count;
}

}  // namespace ms::pg
