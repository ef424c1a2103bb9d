#pragma once
#include <string>
#include <string_view>

#include "infra/http/form.hpp"

namespace ms::web {

/// The path with the query's pairs again, `name` set to `value` (left out when that is empty): the address of a list
/// with the same filters at another place.
std::string url_with_query(std::string_view path, const http::Form& query, std::string_view name,
                           std::string_view value);

/// Where a list that goes page by page can lead from here; an empty address is not offered.
struct PageLinks {
  std::string first;
  std::string next;
};

/// The steps of a page whose rows end with key `last`; `more`: there are rows beyond it. The key stands in ?before=.
PageLinks page_links(std::string_view path, const http::Form& query, bool more, std::int64_t last);

}  // namespace ms::web
