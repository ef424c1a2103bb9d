#pragma once
#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "infra/core/message.hpp"

namespace ms {

/// Why a request failed; the number is the HTTP status (RFC 9110 section 15, RFC 6585).
enum class ErrorCode {
  bad_request = 400,
  unauthenticated = 401,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  conflict = 409,
  precondition_failed = 412,
  too_large = 413,
  unsupported_type = 415,
  invalid = 422,
  too_many = 429,
  internal = 500,
  unavailable = 503,
};

/// The error of one field of a form.
struct FieldError {
  std::string field;
  Msg message;
};

/// An expected failure. Broken infrastructure and bugs are exceptions, which web/pipeline catches in one place.
struct Error {
  ErrorCode code = ErrorCode::invalid;
  Msg message;
  std::vector<FieldError> fields;
  std::chrono::seconds retry_after{5};  ///< of too_many and unavailable: when to try again

  Error(ErrorCode error_code, Msg text) : code(error_code), message(text) {}
  Error(ErrorCode error_code, Msg text, std::vector<FieldError> where)
      : code(error_code), message(text), fields(std::move(where)) {}
};

template <class T = void>
using Result = std::expected<T, Error>;

using Unexpected = std::unexpected<Error>;

/// Unexpected(code, message) in one word: `co_return fail(ErrorCode::not_found, "post.gone"_msg);`
inline Unexpected fail(ErrorCode code, Msg message) { return Unexpected(Error(code, message)); }
/// The same with the time after which to try again.
inline Unexpected fail(ErrorCode code, Msg message, std::chrono::seconds retry_after) {
  Error error(code, message);
  error.retry_after = retry_after;
  return Unexpected(std::move(error));
}

}  // namespace ms
