#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>

#include "infra/core/result.hpp"
#include "infra/http/form.hpp"

namespace ms::web {

/// What every list of the API contains: its page, the number of pages, and the number of items on all pages.
inline boost::json::object json_list(boost::json::array items, std::int64_t page, std::int64_t pages,
                                     std::int64_t total) {
  return {{"items", std::move(items)}, {"page", page}, {"pages", pages}, {"total", total}};
}

/// ?page= of a list; 1 when it is missing, Error(invalid) when it is not a positive number.
inline Result<std::int64_t> page_number(const http::Form& query) {
  if (!query.has("page")) return 1;
  const auto number = query.number("page");
  if (number && *number > 0) return *number;
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"page", "api.not_page"_msg}}));
}

}  // namespace ms::web
