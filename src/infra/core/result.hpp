#pragma once
#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "infra/core/message.hpp"

namespace ms {

/// Why an act was refused; the number is its HTTP status (RFC 9110 section 15, RFC 6585).
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

/// What is wrong with one field of a form.
struct FieldError {
  std::string field;
  Msg message;
};

/// An expected refusal. Broken infrastructure and bugs are exceptions, caught once in web/pipeline.
struct Error {
  ErrorCode code = ErrorCode::invalid;
  Msg message;
  std::vector<FieldError> fields;
  std::chrono::seconds retry_after{5};  ///< of too_many and unavailable: when to ask again

  Error(ErrorCode refused, Msg why) : code(refused), message(why) {}
  Error(ErrorCode refused, Msg why, std::vector<FieldError> where)
      : code(refused), message(why), fields(std::move(where)) {}
};

template <class T = void>
using Result = std::expected<T, Error>;

using Unexpected = std::unexpected<Error>;

/// Unexpected(code, message) as one word: `co_return refuse(Code::not_found, "post.gone"_msg);`
inline Unexpected fail(ErrorCode code, Msg message) { return Unexpected(Error(code, message)); }
/// The same, with the time after which to ask again.
inline Unexpected fail(ErrorCode code, Msg message, std::chrono::seconds retry_after) {
  Error error(code, message);
  error.retry_after = retry_after;
  return Unexpected(std::move(error));
}

}  // namespace ms
