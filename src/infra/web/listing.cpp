#include "infra/web/listing.hpp"

namespace ms::web {
namespace {

constexpr std::string_view kKey = "before";

void add(std::string& url, char& separator, std::string_view name, std::string_view value) {
  url += separator + http::percent_encode(name) + "=" + http::percent_encode(value);
  separator = '&';
}

}  // namespace

std::string url_with_query(std::string_view path, const http::Form& query, std::string_view name,
                           std::string_view value) {
  std::string url(path);
  char separator = '?';
  for (const auto& [key, text] : query.pairs()) {
    if (key != name && !text.empty()) add(url, separator, key, text);
  }
  if (!value.empty()) add(url, separator, name, value);
  return url;
}

PageLinks page_links(std::string_view path, const http::Form& query, bool more, std::int64_t last) {
  PageLinks out;
  if (query.has(kKey)) out.first = url_with_query(path, query, kKey, "");
  if (more) out.next = url_with_query(path, query, kKey, std::to_string(last));
  return out;
}

}  // namespace ms::web
