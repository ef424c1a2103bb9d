#pragma once
#include <libpq-fe.h>

#include <optional>
#include <string>
#include <string_view>

#include "infra/core/result.hpp"

namespace ms::pg {

/// Why a statement failed. Its transaction was rolled back in every case.
struct Failure {
  enum class Kind {
    refused,      ///< a constraint or a guard failed: an expected outcome, see `refusal`
    stale,        ///< the prepared statement is gone or its plan is outdated: prepare again and repeat
    conflicted,   ///< serialization failure or deadlock: repeat
    unavailable,  ///< a time limit passed, or the server lacks resources
    bug,          ///< anything else
  };
  Kind kind = Kind::bug;
  std::string sqlstate;
  /// "<query>: <SQLSTATE> <primary message>", without parameter values.
  std::string text;
  std::optional<Error> refusal;
};

/// `query` is the name of the statement.
Failure read_failure(const PGresult* result, std::string_view query);

/// True when the error ended the session (severity FATAL), or came from libpq itself and not from the server.
bool ends_session(const PGresult* result);

/// A copy of the text that lives as long as the process, for Msg. Only for names from our own schema, so that the set
/// stays small. Any thread may call.
std::string_view intern(std::string_view text);

}  // namespace ms::pg
