#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/result.hpp"

namespace ms::web {

/// Takes the fields of an API request's object one by one and collects the errors, so that one response names every
/// wrong field. A wrong value reads as empty: check finish() before using any.
class JsonFields {
 public:
  explicit JsonFields(boost::json::object object) : remaining_(std::move(object)) {}

  /// A required string, in normal form (unicode::normal); NUL, which PostgreSQL cannot store, is an error.
  std::string text(std::string_view name);
  /// A required string exactly as it was sent; for passwords only.
  std::string raw_text(std::string_view name);
  /// A string in normal form, or nothing when the field is missing.
  std::optional<std::string> optional_text(std::string_view name);
  /// A positive integer; null means the same as a missing field.
  std::optional<std::int64_t> optional_id(std::string_view name);

  /// Call it last: Error(invalid) with all errors. Fields that nobody took are errors, because a misspelt name would
  /// otherwise be ignored silently.
  Result<void> finish();

 private:
  std::optional<boost::json::value> take(std::string_view name);
  std::optional<std::string> take_text(std::string_view name);
  void expect(std::string_view name);

  boost::json::object remaining_;
  std::vector<FieldError> errors_;
};

}  // namespace ms::web
