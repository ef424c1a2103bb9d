// What an S3 server answers: elements are found in bounded work, and escaped texts are read as they were.
#include "infra/storage/s3_xml.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;
using namespace ms::storage::s3;

constexpr std::uint64_t kFixed = 20'000;
constexpr std::uint64_t kPerByte = 500;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  const auto begin = ms::fuzz::loads();
  std::string_view rest = text;
  for (int count = 0; const auto found = next_element(rest, "Key"); ++count) {
    require(found->empty() || text.contains(*found), "a text out of nothing", text);
    if (count > 1000) break;
  }
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  require(text_of("<Key>" + escape_xml(text) + "</Key>", "Key") == text, "an escaped text is another when read", text);
  return 0;
}
