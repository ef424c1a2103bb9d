// JSON bodies of the API: refused, or texts in normal form; whatever is wrong is named in an answer of bounded size.
#include "infra/web/json_fields.hpp"

#include <boost/json.hpp>

#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;

constexpr std::size_t kMaxErrors = 24;

void check_text(std::string_view text) {
  require(ms::valid_utf8(text), "no UTF-8", text);
  require(ms::unicode::normal(text) == text, "not in normal form", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view body = ms::fuzz::text_of(data, size);
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(body, error);
  if (error || !value.is_object()) return 0;
  ms::web::JsonFields fields(std::move(value.get_object()));
  check_text(fields.text("title"));
  check_text(fields.optional_text("text").value_or(""));
  require(ms::valid_utf8(fields.raw_text("password")), "no UTF-8", body);
  const auto id = fields.optional_id("parent");
  require(!id || *id > 0, "an id", body);
  const auto done = fields.finish();
  require(done || done.error().fields.size() <= kMaxErrors, "too many errors", body);
  return 0;
}
