#pragma once
#include <string>
#include <string_view>

#include "infra/http/form.hpp"

namespace ms::web {

/// The path with the pairs of the query, `name` set to `value` (omitted when `value` is empty): the same filters at
/// another place of the list.
std::string url_with_query(std::string_view path, const http::Form& query, std::string_view name,
                           std::string_view value);

/// The addresses to which a paged list links; an empty one is not shown.
struct PageLinks {
  std::string first;
  std::string next;
};

/// The links of a page whose last row has key `last`; `more`: there are rows beyond it. The key stands in ?before=.
PageLinks page_links(std::string_view path, const http::Form& query, bool more, std::int64_t last);

}  // namespace ms::web
