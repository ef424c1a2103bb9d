// Form bodies and query strings: refused, or pairs in normal form that are read the same again. And lists of entity
// tags.
#include "infra/http/form.hpp"

#include "infra/core/text.hpp"
#include "infra/unicode/unicode.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;
using ms::http::Form;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 1'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  require(ms::http::percent_decode(ms::http::percent_encode(text)) == text, "encoded, and another when decoded", text);
  const auto begin = ms::fuzz::loads();
  const auto form = Form::parse(text);
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  if (!form) return 0;
  for (const auto& [name, value] : form->pairs()) {
    require(ms::valid_utf8(name) && ms::valid_utf8(value), "no UTF-8", value);
    require(ms::unicode::normal(name) == name && ms::unicode::normal(value) == value, "not in normal form", value);
    require(ms::unicode::normal(form->raw(name)) == form->get(name), "another value as it was typed", name);
    require(form->has(name), "a name that is not there", name);
  }
  const auto again = Form::parse(form->encoded());
  require(again && again->pairs() == form->pairs(), "another form when read again", text);
  return 0;
}
