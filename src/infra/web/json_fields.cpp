#include "infra/web/json_fields.hpp"

#include <boost/json/value.hpp>

#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::web {
namespace {

constexpr std::size_t kMaxErrors = 20;       // a small request must not get a huge response
constexpr std::size_t kMaxNameLength = 100;  // of an unknown field's name that is quoted, in code points

}  // namespace

std::optional<boost::json::value> JsonFields::take(std::string_view name) {
  const auto found = remaining_.find(name);
  if (found == remaining_.end()) return std::nullopt;
  boost::json::value value = std::move(found->value());
  remaining_.erase(found);
  return value;
}

void JsonFields::expect(std::string_view name) {
  if (!remaining_.contains(name)) errors_.push_back({std::string(name), "api.missing"_msg});
}

std::string JsonFields::text(std::string_view name) {
  expect(name);
  return optional_text(name).value_or(std::string());
}

std::string JsonFields::raw_text(std::string_view name) {
  expect(name);
  return take_text(name).value_or(std::string());
}

std::optional<std::string> JsonFields::optional_text(std::string_view name) {
  const auto text = take_text(name);
  return text ? std::optional(unicode::normal(*text)) : std::nullopt;
}

std::optional<std::string> JsonFields::take_text(std::string_view name) {
  const auto value = take(name);
  if (!value) return std::nullopt;
  if (value->is_string() && valid_utf8(value->get_string())) return std::string(value->get_string());
  errors_.push_back({std::string(name), "api.not_text"_msg});
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::optional_id(std::string_view name) {
  const auto value = take(name);
  if (!value || value->is_null()) return std::nullopt;
  if (value->is_int64() && value->get_int64() > 0) return value->get_int64();
  errors_.push_back({std::string(name), "api.not_id"_msg});
  return std::nullopt;
}

Result<void> JsonFields::finish() {
  for (const auto& member : remaining_) {
    if (errors_.size() >= kMaxErrors) break;
    errors_.push_back({shorten(member.key(), kMaxNameLength), "api.unknown"_msg});
  }
  if (errors_.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(errors_)));
}

}  // namespace ms::web
