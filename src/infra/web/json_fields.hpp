#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/core/result.hpp"

namespace ms::web {

/// Takes the members of an API request's object one by one and gathers what is wrong with them, so that one answer
/// names every wrong field. A value that is wrong reads as empty: look at done() before using any.
class JsonFields {
 public:
  explicit JsonFields(boost::json::object object) : rest_(std::move(object)) {}

  /// A string that must be there, in normal form (unicode::normal); NUL, which PostgreSQL cannot keep, makes it wrong.
  std::string text(std::string_view name);
  /// The same as it was sent, for passwords only.
  std::string as_typed(std::string_view name);
  /// The same, when it is there at all.
  std::optional<std::string> optional_text(std::string_view name);
  /// A positive integer; null means the same as leaving it out.
  std::optional<std::int64_t> optional_id(std::string_view name);

  /// To be asked last: Error(invalid) with all wrong fields. Members that nobody took count as wrong, since a misspelt
  /// name would otherwise be lost without a word.
  Result<void> done();

 private:
  std::optional<boost::json::value> take(std::string_view name);
  std::optional<std::string> take_text(std::string_view name);
  void expect(std::string_view name);

  boost::json::object rest_;
  std::vector<FieldError> wrong_;
};

}  // namespace ms::web
