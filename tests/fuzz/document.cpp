// Documents of strangers, through the decoder's own parsers: records of HWP, deflate data, XML, ZIP and text encodings.
// Whatever the bytes are, the text is UTF-8 and the work is bounded.
#include "apps/decoder/compound.hpp"
#include "apps/decoder/hwp.hpp"
#include "apps/decoder/office.hpp"
#include "infra/core/text.hpp"
#include "infra/unicode/encodings.hpp"
#include "work.hpp"

namespace {

namespace decoder = ms::decoder;
using ms::fuzz::require;

void check_text(const std::string& text) {
  // NUL is a character of UTF-8 that ms::valid_utf8 does not take.
  std::string shown = text;
  std::erase(shown, '\0');
  require(ms::valid_utf8(shown), "the text is no UTF-8", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes = ms::fuzz::text_of(data, size);
  const std::uint64_t begin = ms::fuzz::loads();
  check_text(decoder::section_text(bytes));
  check_text(decoder::xml_text(bytes));
  if (const auto text = ms::unicode::from_text_file(bytes)) check_text(*text);
  ms::fuzz::check_work(begin, size, 20'000, 2'000);
  decoder::inflate(bytes, 1 << 20);
  decoder::read_office(decoder::type_of_zip(bytes), bytes);
  const decoder::CompoundFile file(bytes);
  if (decoder::is_hwp(file) && !decoder::hwp_is_locked(file)) decoder::hwp_text(file);
  return 0;
}
