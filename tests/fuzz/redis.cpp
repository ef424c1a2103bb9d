// The bytes of a real or fake Redis: the same replies however they are cut into pieces.
#include "infra/redis/reader.hpp"

#include <vector>

#include "work.hpp"

namespace {

using ms::fuzz::require;
using ms::redis::Reader;
using ms::redis::Reply;

bool same(const Reply& a, const Reply& b) {
  return a.kind == b.kind && a.text == b.text && a.integer == b.integer && std::ranges::equal(a.items, b.items, same);
}

/// The replies in the bytes, which come in pieces of `piece`.
std::vector<Reply> read(std::string_view bytes, std::size_t piece) {
  std::vector<Reply> out;
  Reader reader;
  while (!bytes.empty() && reader.broken().empty()) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (Reply reply; reader.next(reply);) out.push_back(std::move(reply));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes = ms::fuzz::text_of(data, size);
  const auto whole = read(bytes, size + 1);
  const auto slow = read(bytes, 1);
  require(std::ranges::equal(whole, slow, same), "other replies when they come byte by byte", bytes);
  return 0;
}
