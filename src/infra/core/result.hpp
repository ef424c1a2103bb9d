#pragma once
#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "infra/core/message.hpp"

namespace ms {

/// Why an act was refused; the number is its HTTP status (RFC 9110 section 15, RFC 6585).
enum class Code {
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
  Code code = Code::invalid;
  Msg message;
  std::vector<FieldError> fields;
  std::chrono::seconds retry_after{5};  ///< of too_many and unavailable: when to ask again

  Error(Code refused, Msg why) : code(refused), message(why) {}
  Error(Code refused, Msg why, std::vector<FieldError> where) : code(refused), message(why), fields(std::move(where)) {}
};

template <class T = void>
using Result = std::expected<T, Error>;

using Refused = std::unexpected<Error>;

/// Refused(code, message) as one word: `co_return refuse(Code::not_found, "post.gone"_msg);`
inline Refused refuse(Code code, Msg message) { return Refused(Error(code, message)); }
/// The same, with the time after which to ask again.
inline Refused refuse(Code code, Msg message, std::chrono::seconds retry_after) {
  Error error(code, message);
  error.retry_after = retry_after;
  return Refused(std::move(error));
}

}  // namespace ms
