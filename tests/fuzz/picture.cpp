// Files of pictures, whose metadata is taken away, and what a decoder that was taken over may write.
#include <string>

#include "apps/decoder/metadata.hpp"
#include "infra/decoding/parts.hpp"
#include "work.hpp"

namespace {

namespace decoder = ms::decoder;
using ms::fuzz::require;

/// What is clean stays as it is, and is no longer than before.
template <class Clean>
void check(const Clean& clean, std::string_view bytes, std::size_t added) {
  const auto once = clean(bytes);
  if (!once) return;
  require(once->size() <= bytes.size() + added, "it grew", bytes);
  require(clean(*once) == once, "it is not clean", bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  constexpr std::size_t kOrientation = 36;
  const std::string_view bytes = ms::fuzz::text_of(data, size);
  const std::uint64_t begin = ms::fuzz::loads();
  check([](std::string_view of) { return decoder::clean_jpeg(of, 6); }, bytes, kOrientation);
  check(decoder::clean_png, bytes, 0);
  check(decoder::clean_webp, bytes, 1);
  check(decoder::clean_gif, bytes, 0);
  for (const auto& part : ms::decoding::parse(bytes).parts) {
    require(ms::decoding::is_part_name(part.name), "an unknown name", part.name);
    require(part.bytes.data() >= bytes.data() && part.bytes.data() + part.bytes.size() <= bytes.data() + size,
            "a part outside of the output", part.name);
  }
  ms::fuzz::check_work(begin, size, 20'000, 2'000);
  return 0;
}
