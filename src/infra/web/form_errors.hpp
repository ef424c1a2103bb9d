#pragma once
#include <algorithm>
#include <string_view>

#include "infra/core/result.hpp"

namespace ms::web {

/// The error of a field, for a form that is shown again; null when there is none.
inline const FieldError* field_error(const Error* error, std::string_view field) {
  if (error == nullptr) return nullptr;
  const auto found = std::ranges::find(error->fields, field, &FieldError::field);
  return found == error->fields.end() ? nullptr : &*found;
}

}  // namespace ms::web
