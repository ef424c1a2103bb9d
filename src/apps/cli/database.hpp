#pragma once
#include <libpq-fe.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "infra/config/config.hpp"

namespace ms::cli {

/// PostgreSQL's error in one line.
class DatabaseError : public std::runtime_error {
 public:
  explicit DatabaseError(const std::string& message, std::string sqlstate = "")
      : std::runtime_error(message), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const noexcept { return sqlstate_; }

 private:
  std::string sqlstate_;
};

/// A blocking connection in text format; servers use infra/pg instead. Every function throws DatabaseError.
class Database {
 public:
  using Row = std::vector<std::optional<std::string>>;

  explicit Database(const config::Settings& settings);
  /// Connects with libpq's keywords or URI and libpq's defaults.
  explicit Database(const std::string& conninfo);

  /// One statement with text parameters; its rows.
  std::vector<Row> query(const std::string& sql, const Row& values = {});
  /// Sends `rows` (COPY text format, one line each) to "copy … from stdin".
  void copy(const std::string& sql, std::string_view rows);
  /// For libpq's functions on the connection itself.
  PGconn* connection() const noexcept { return connection_.get(); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  [[noreturn]] void fail(const PGresult* result) const;

  std::unique_ptr<PGconn, Finish> connection_;
};

/// BEGIN now; ROLLBACK at the end of the scope unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.query("begin"); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

/// One line of COPY's text format (PostgreSQL manual, COPY, "Text Format").
std::string copy_line(const Database::Row& values);

/// The database for libpq's programs: PGHOST, PGPASSWORD, … so that no password stands on a command line.
std::map<std::string, std::string> libpq_environment(const config::Settings& settings);

}  // namespace ms::cli
