#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The schema and its changes, for the command line: everything here blocks.
// A migration either expands (old and new programs both run with it) or contracts (removes what no running program
// uses any more); its first line says which, and why, so that rolling updates stay possible. Functions have one current
// text each, which replaces the one in the database (docs/decisions/0033-baseline.md).
struct pg_conn;  // libpq's PGconn

namespace ms::pg {

/// Its text says what is wrong with the files or the database, for operators.
class MigrationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file NNNN_name.sql.
struct Migration {
  int number = 0;
  std::string name;
  std::string sql;
};

/// A file NAME.sql: `create or replace function NAME`, with the triggers, rights and column defaults that use it.
struct Function {
  std::string name;
  std::string sql;
};

/// The contents of the files.
struct Schema {
  std::vector<Migration> migrations;
  std::vector<Function> functions;
  std::string unreleased;  ///< turns a database from before the first release into that of the baseline
};

/// A row of schema_migrations.
struct AppliedMigration {
  int number = 0;
  std::string name;
  std::string sha256;      ///< of the file, in hex
  std::string applied_at;  ///< as PostgreSQL writes it
};

/// A database that cannot hold what people write: what is wrong, and how to fix it.
struct WrongEncoding {
  std::string says;
  std::string remedy;
};
/// Nothing when the connection's database is in UTF8. SQL_ASCII accepts anything and counts and sorts nothing right;
/// EUC_KR rejects most of Unicode (PostgreSQL manual 24.3).
std::optional<WrongEncoding> wrong_encoding(const pg_conn* connection);

/// What is applied to a database.
struct SchemaState {
  std::vector<AppliedMigration> migrations;      ///< in order; empty for a new database
  std::map<std::string, std::string> functions;  ///< names, and the SHA-256 of their files in hex
};

/// The files below a folder: migrations/NNNN_name.sql, whose numbers must be 1, 2, 3, … without a gap, and whose first
/// line is `-- expand: <sentence>` or `-- contract: <sentence>`; functions/NAME.sql. Throws MigrationError.
Schema read_schema(const std::filesystem::path& folder);

/// Throws MigrationError, also for a wrong encoding.
SchemaState schema_state(const std::string& conninfo);

/// How many functions differ between the files and the database.
std::size_t outdated_functions(const SchemaState& database, const Schema& schema);

/// Applies the missing migrations, then creates or replaces each function whose file changed, and returns the number of
/// those migrations. All of it is one transaction, so that no function meets tables of another version, with a
/// lock timeout of 5 seconds so that the whole site never queues behind a migration of a busy table. Servers that
/// start together wait for each other. Throws MigrationError when an applied migration has changed since, and for any
/// error of the server; nothing has changed then. A database that has more migrations than the files belongs to
/// a newer program: its functions are left alone.
int up(const std::string& conninfo, const Schema& schema, const std::function<void(std::string_view)>& log);

}  // namespace ms::pg
