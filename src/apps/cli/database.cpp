#include "apps/cli/database.hpp"

#include <algorithm>

#include "infra/core/text.hpp"
#include "infra/pg/wire.hpp"

namespace ms::cli {
namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string one_line(const char* message) {
  std::string out(trim(message));
  std::ranges::replace(out, '\n', ' ');
  return out;
}

}  // namespace

Database::Database(const config::Settings& settings) : Database(config::pg_config(settings).conninfo) {}

Database::Database(const std::string& conninfo) {
  try {
    connection_.reset(pg::Parameters(conninfo, "minschool").connect_blocking().release());
  } catch (const std::invalid_argument& wrong) { throw DatabaseError(wrong.what()); }
  if (PQstatus(connection_.get()) != CONNECTION_OK) fail(nullptr);
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  if (PQsetClientEncoding(connection_.get(), "UTF8") != 0)
    fail(nullptr);  // also when the role or database has another setting
}

void Database::fail(const PGresult* result) const {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  throw DatabaseError(one_line(message != nullptr ? message : PQerrorMessage(connection_.get())),
                      state == nullptr ? "" : state);
}

std::vector<Database::Row> Database::query(const std::string& sql, const Row& values) {
  std::vector<const char*> pointers;
  for (const auto& value : values) pointers.push_back(value ? value->c_str() : nullptr);
  const Answer answer(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(pointers.size()), nullptr,
                                   pointers.data(), nullptr, nullptr, 0));
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(answer.get());
  std::vector<Row> rows(static_cast<std::size_t>(PQntuples(answer.get())));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (int c = 0; c < PQnfields(answer.get()); ++c) {
      const int row = static_cast<int>(r);
      if (PQgetisnull(answer.get(), row, c))
        rows[r].emplace_back();
      else
        rows[r].emplace_back(PQgetvalue(answer.get(), row, c));
    }
  }
  return rows;
}

void Database::copy(const std::string& sql, std::string_view rows) {
  const Answer begun(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) fail(begun.get());
  if (PQputCopyData(connection_.get(), rows.data(), static_cast<int>(rows.size())) != 1) fail(nullptr);
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail(nullptr);
  const Answer ended(PQgetResult(connection_.get()));
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) fail(ended.get());
  while (const Answer more{PQgetResult(connection_.get())}) continue;
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.query("rollback");
  } catch (const DatabaseError&) {
    return;  // the connection is gone, and with it the transaction
  }
}

void Transaction::commit() {
  database_.query("commit");
  open_ = false;
}

std::string copy_line(const Database::Row& values) {
  std::string out;
  for (const auto& value : values) {
    if (!out.empty()) out += '\t';
    if (!value) {
      out += "\\N";
      continue;
    }
    for (const char c : *value) {
      switch (c) {
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          out += c;
      }
    }
  }
  return out + '\n';
}

std::map<std::string, std::string> libpq_environment(const config::Settings& settings) {
  struct Free {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  };
  const std::string conninfo = config::pg_config(settings).conninfo;
  const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(conninfo.c_str(), nullptr));
  std::map<std::string, std::string> out;
  if (!options) return out;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && option->envvar != nullptr) out[option->envvar] = option->val;
  }
  // pg_dump and pg_restore hold locks, so the server must notice when this machine is gone.
  out["PGOPTIONS"] = pg::Parameters(conninfo, "minschool").get("options");
  return out;
}

}  // namespace ms::cli
