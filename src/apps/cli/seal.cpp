#include "apps/cli/seal.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "apps/cli/command.hpp"
#include "apps/cli/tool.hpp"
#include "infra/core/text.hpp"

namespace ms::cli {
namespace {

constexpr std::string_view kFirstLine = "MinSchool sealed 1\n";
constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kShortestKey = 32;

using Header = std::array<unsigned char, crypto_secretstream_xchacha20poly1305_HEADERBYTES>;

char* chars(unsigned char* bytes) { return reinterpret_cast<char*>(bytes); }

}  // namespace

Key::Key(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string_view word = trim(text);
  if (!in || word.size() < kShortestKey) {
    throw Failure(fmt::format("{} holds no key of at least {} characters. Make one: openssl rand -base64 32 > {}",
                              file.string(), kShortestKey, file.string()));
  }
  bytes_.resize(crypto_secretstream_xchacha20poly1305_KEYBYTES);
  crypto_generichash(reinterpret_cast<unsigned char*>(bytes_.data()), bytes_.size(),
                     reinterpret_cast<const unsigned char*>(word.data()), word.size(), nullptr, 0);
}

void seal(const Key& key, int in, int out) {
  crypto_secretstream_xchacha20poly1305_state state;
  Header header;
  crypto_secretstream_xchacha20poly1305_init_push(&state, header.data(), key.bytes());
  write_all(out, kFirstLine.data(), kFirstLine.size());
  write_all(out, chars(header.data()), header.size());
  std::vector<unsigned char> plain(kPiece);
  std::vector<unsigned char> closed(kPiece + crypto_secretstream_xchacha20poly1305_ABYTES);
  for (std::size_t count = kPiece; count == kPiece;) {
    count = read_up_to(in, chars(plain.data()), kPiece);
    // A piece that is not full is the last one, even when it is empty.
    const auto tag = count < kPiece ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                    : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    unsigned long long size = 0;
    crypto_secretstream_xchacha20poly1305_push(&state, closed.data(), &size, plain.data(), count, nullptr, 0,
                                               static_cast<unsigned char>(tag));
    write_all(out, chars(closed.data()), size);
  }
}

void open_sealed(const Key& key, int in, int out) {
  std::array<char, kFirstLine.size()> first{};
  Header header;
  crypto_secretstream_xchacha20poly1305_state state;
  if (read_up_to(in, first.data(), first.size()) != first.size() ||
      std::string_view(first.data(), first.size()) != kFirstLine ||
      read_up_to(in, chars(header.data()), header.size()) != header.size() ||
      crypto_secretstream_xchacha20poly1305_init_pull(&state, header.data(), key.bytes()) != 0) {
    throw Failure("the archive is not sealed, or damaged at its beginning");
  }
  std::vector<unsigned char> closed(kPiece + crypto_secretstream_xchacha20poly1305_ABYTES);
  std::vector<unsigned char> plain(kPiece);
  for (unsigned char tag = 0; tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL;) {
    const std::size_t count = read_up_to(in, chars(closed.data()), closed.size());
    unsigned long long size = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(&state, plain.data(), &size, &tag, closed.data(), count, nullptr,
                                                   0) != 0) {
      throw Failure("the archive is cut off or damaged, or the key is another one");
    }
    write_all(out, chars(plain.data()), size);
  }
}

bool is_sealed(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string first(kFirstLine.size(), '\0');
  in.read(first.data(), static_cast<std::streamsize>(first.size()));
  return in && first == kFirstLine;
}

}  // namespace ms::cli
