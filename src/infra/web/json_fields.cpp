#include "infra/web/json_fields.hpp"

#include <boost/json/value.hpp>

#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"

namespace ms::web {
namespace {

constexpr std::size_t kMaxErrors = 20;       // more would let a small request ask for a huge answer
constexpr std::size_t kMaxNameLength = 100;  // code points of an unknown member's name that are repeated

}  // namespace

std::optional<boost::json::value> JsonFields::take(std::string_view name) {
  const auto found = rest_.find(name);
  if (found == rest_.end()) return std::nullopt;
  boost::json::value value = std::move(found->value());
  rest_.erase(found);
  return value;
}

void JsonFields::expect(std::string_view name) {
  if (!rest_.contains(name)) wrong_.push_back({std::string(name), "api.missing"_msg});
}

std::string JsonFields::text(std::string_view name) {
  expect(name);
  return optional_text(name).value_or(std::string());
}

std::string JsonFields::as_typed(std::string_view name) {
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
  wrong_.push_back({std::string(name), "api.not_text"_msg});
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::optional_id(std::string_view name) {
  const auto value = take(name);
  if (!value || value->is_null()) return std::nullopt;
  if (value->is_int64() && value->get_int64() > 0) return value->get_int64();
  wrong_.push_back({std::string(name), "api.not_id"_msg});
  return std::nullopt;
}

Result<void> JsonFields::done() {
  for (const auto& member : rest_) {
    if (wrong_.size() >= kMaxErrors) break;
    wrong_.push_back({shorten(member.key(), kMaxNameLength), "api.unknown"_msg});
  }
  if (wrong_.empty()) return {};
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, std::move(wrong_)));
}

}  // namespace ms::web
