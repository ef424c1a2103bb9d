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

/// Says in words for the operator what is wrong with the files or the database.
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

/// What the files say.
struct Schema {
  std::vector<Migration> migrations;
  std::vector<Function> functions;
  std::string unreleased;  ///< turns a database of the migrations before the first release into that of the baseline
};

/// A row of schema_migrations.
struct Applied {
  int number = 0;
  std::string name;
  std::string sha256;      ///< of the file, in hex
  std::string applied_at;  ///< as PostgreSQL writes it
};

/// A database that cannot hold what people write: what is wrong, and how it is mended.
struct WrongEncoding {
  std::string says;
  std::string mend;
};
/// Nothing when the connection's database is in UTF8. In SQL_ASCII anything is taken and nothing is counted or sorted
/// right; in EUC_KR most of Unicode is refused when somebody types it (PostgreSQL manual 24.3).
std::optional<WrongEncoding> wrong_encoding(const pg_conn* connection);

/// What a database has.
struct Installed {
  std::vector<Applied> migrations;               ///< in order; empty for a new database
  std::map<std::string, std::string> functions;  ///< names, and the SHA-256 of their files in hex
};

/// The files below a folder: migrations/NNNN_name.sql, whose numbers must be 1, 2, 3, … without a gap, and whose first
/// line is `-- expand: <sentence>` or `-- contract: <sentence>`; functions/NAME.sql. Throws MigrationError.
Schema read_schema(const std::filesystem::path& folder);

/// Throws MigrationError, also for a wrong encoding.
Installed installed(const std::string& conninfo);

/// How many functions of the files the database does not have in that text.
std::size_t outdated_functions(const Installed& known, const Schema& schema);

/// Applies the migrations that are missing, then makes or replaces each function whose file changed, and returns how
/// many migrations that were. All of it is one transaction, so that no function meets tables of another version, with a
/// lock timeout of 5 seconds so that a busy table never makes the whole site queue behind a migration. Servers that
/// start together wait for each other. Throws MigrationError when a migration that was applied has changed since, and
/// for any error of the server; nothing has changed then. A database that has more migrations than the files belongs to
/// a newer program: its functions are left alone.
int up(const std::string& conninfo, const Schema& schema, const std::function<void(std::string_view)>& log);

}  // namespace ms::pg
