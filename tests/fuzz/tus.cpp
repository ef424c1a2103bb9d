// The headers of uploads, and the states of hashes that the database keeps: refused, or the same when they are written.
#include "features/files/sha256.hpp"
#include "features/files/tus_headers.hpp"
#include "infra/core/text.hpp"
#include "work.hpp"

namespace {

using ms::fuzz::require;

constexpr std::uint64_t kFixed = 50'000;
constexpr std::uint64_t kPerByte = 3'000;

void check_state(std::string_view text) {
  const auto hash = ms::files::Sha256::resume(text);
  if (!hash) return;
  require(ms::files::Sha256::resume(hash->state())->hex() == hash->hex(), "another state", text);
  require(hash->hex().size() == 64, "no hash", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = ms::fuzz::text_of(data, size);
  const auto begin = ms::fuzz::loads();
  const auto metadata = ms::files::parse_metadata(text);
  const auto number = ms::files::parse_size(text);
  ms::fuzz::check_work(begin, size, kFixed, kPerByte);
  require(!number || (*number >= 0 && std::to_string(*number).size() <= text.size()), "another number", text);
  if (metadata) {
    require(ms::valid_utf8(metadata->filename) && ms::valid_utf8(metadata->draft), "no UTF-8", text);
    const auto again = ms::files::parse_metadata(ms::files::format_metadata(metadata->filename));
    require(again && again->filename == metadata->filename, "another name", metadata->filename);
  }
  check_state(text);
  return 0;
}
