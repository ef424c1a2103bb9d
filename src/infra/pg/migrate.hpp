#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Changes of the schema, for the command line: everything here blocks.
// A migration either expands (old and new programs both run with it) or contracts (removes what no running program
// uses any more); its first line says which, and why, so that rolling updates stay possible.
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

/// The *.sql files of a folder in the order of their numbers, which must be 1, 2, 3, … without a gap. The first line
/// of each is `-- expand: <sentence>` or `-- contract: <sentence>`. Throws MigrationError.
std::vector<Migration> read_migrations(const std::filesystem::path& folder);

/// What has been applied, in order; empty for a new database. Throws MigrationError, also for a wrong encoding.
std::vector<Applied> status(const std::string& conninfo);

/// Applies what is missing and returns how many that were. Each is one transaction, with a lock timeout of 5 seconds
/// so that a busy table never makes the whole site queue behind a migration. Servers that start together wait for each
/// other. Throws MigrationError when a file that was applied has changed since, and for any error of the server;
/// what was applied before stays. Numbers that only the database knows belong to a newer program and are left alone.
int up(const std::string& conninfo, const std::vector<Migration>& migrations,
       const std::function<void(std::string_view)>& log);

}  // namespace ms::pg
