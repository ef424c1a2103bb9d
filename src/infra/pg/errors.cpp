#include "infra/pg/errors.hpp"

#include <charconv>
#include <mutex>
#include <unordered_set>

namespace ms::pg {
namespace {

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

/// SQLSTATEs as in the PostgreSQL manual, appendix A.
constexpr std::string_view kNotNullViolation = "23502";
constexpr std::string_view kStatementUnknown = "26000";
constexpr std::string_view kFeatureNotSupported = "0A000";

bool is_constraint(std::string_view state) {
  return state == kNotNullViolation || state == "23503" || state == "23505" || state == "23514" || state == "23P01";
}

bool is_unavailable(std::string_view state) {
  return state == "57014"             // statement_timeout
         || state == "55P03"          // lock_timeout
         || state == "25006"          // this server has become a standby
         || state.starts_with("53");  // disk full, out of memory, too many connections
}

bool is_stale(const PGresult* result, std::string_view state) {
  if (state == kStatementUnknown) return true;
  // "cached plan must not change result type" has no SQLSTATE of its own and its message may be translated.
  return state == kFeatureNotSupported && field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
}

/// The code of a guard's SQLSTATE "MSnnn", or nothing.
std::optional<ErrorCode> guard_code(std::string_view state) {
  int number = 0;
  if (state.size() != 5 || !state.starts_with("MS")) return std::nullopt;
  const auto [end, error] = std::from_chars(state.data() + 2, state.data() + 5, number);
  if (error != std::errc() || end != state.data() + 5 || number < 400) return std::nullopt;
  return static_cast<ErrorCode>(number);
}

std::string constraint_name(const PGresult* result, std::string_view state) {
  if (state != kNotNullViolation) return std::string(field(result, PG_DIAG_CONSTRAINT_NAME));
  // PostgreSQL 15 does not name NOT NULL constraints; later versions give this name.
  return std::string(field(result, PG_DIAG_TABLE_NAME)) + "_" + std::string(field(result, PG_DIAG_COLUMN_NAME)) +
         "_not_null";
}

std::string describe(const PGresult* result, std::string_view state, std::string_view query) {
  std::string_view message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  // "invalid input syntax for type bigint: <value>": data exceptions quote the value.
  if (state.starts_with("22")) message = message.substr(0, message.find_first_of(":\""));
  return std::string(query) + ": " + std::string(state) + " " + std::string(message);
}

}  // namespace

std::string_view intern(std::string_view text) {
  static std::mutex mutex;
  static std::unordered_set<std::string> texts;
  const std::lock_guard lock(mutex);
  return *texts.emplace(text).first;  // a set's nodes never move
}

bool ends_session(const PGresult* result) {
  const std::string_view severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return field(result, PG_DIAG_SQLSTATE).empty() || severity == "FATAL" || severity == "PANIC";
}

Failure read_failure(const PGresult* result, std::string_view query) {
  const std::string_view state = field(result, PG_DIAG_SQLSTATE);
  Failure failure;
  failure.sqlstate = state;
  failure.text = describe(result, state, query);
  if (is_constraint(state)) {
    failure.kind = Failure::Kind::refused;
    failure.refusal = Error(ErrorCode::conflict, Msg{intern("db." + constraint_name(result, state))});
  } else if (const auto code = guard_code(state)) {
    failure.kind = Failure::Kind::refused;
    failure.refusal = Error(*code, Msg{intern(field(result, PG_DIAG_MESSAGE_PRIMARY))});
  } else if (is_stale(result, state)) {
    failure.kind = Failure::Kind::stale;
  } else if (state == "40001" || state == "40P01") {
    failure.kind = Failure::Kind::conflicted;
  } else if (is_unavailable(state)) {
    failure.kind = Failure::Kind::unavailable;
  }
  return failure;
}

}  // namespace ms::pg
