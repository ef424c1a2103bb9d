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
#include "infra/core/visible.hpp"

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
  if (!in) throw Failure(fmt::format("{}: cannot be read", file.string()));
  const auto word = visible_secret(text);
  if (!word) throw Failure(fmt::format("{} {}", file.string(), word.error()));
  if (word->size() < kShortestKey) {
    throw Failure(fmt::format("{} holds no key of at least {} characters. Make one: openssl rand -base64 32 > {}",
                              file.string(), kShortestKey, file.string()));
  }
  bytes_.resize(crypto_secretstream_xchacha20poly1305_KEYBYTES);
  crypto_generichash(reinterpret_cast<unsigned char*>(bytes_.data()), bytes_.size(),
                     reinterpret_cast<const unsigned char*>(word->data()), word->size(), nullptr, 0);
}

struct Sealer::Impl {
  Sink out;
  crypto_secretstream_xchacha20poly1305_state state{};
  std::string plain;  ///< the piece that is not full yet
  std::vector<unsigned char> sealed = std::vector<unsigned char>(kPiece + crypto_secretstream_xchacha20poly1305_ABYTES);

  void put(unsigned char tag) {
    unsigned long long size = 0;
    crypto_secretstream_xchacha20poly1305_push(&state, sealed.data(), &size,
                                               reinterpret_cast<const unsigned char*>(plain.data()), plain.size(),
                                               nullptr, 0, tag);
    out({chars(sealed.data()), size});
    plain.clear();
  }
};

Sealer::Sealer(const Key& key, Sink out) : impl_(std::make_unique<Impl>(std::move(out))) {
  Header header;
  crypto_secretstream_xchacha20poly1305_init_push(&impl_->state, header.data(), key.bytes());
  impl_->out(kFirstLine);
  impl_->out({chars(header.data()), header.size()});
  impl_->plain.reserve(kPiece);
}
Sealer::~Sealer() = default;

void Sealer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, kPiece - impl_->plain.size());
    impl_->plain.append(part);
    bytes.remove_prefix(part.size());
    if (impl_->plain.size() == kPiece) impl_->put(crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
  }
}

// An incomplete piece is the last one, even when it is empty.
void Sealer::finish() { impl_->put(crypto_secretstream_xchacha20poly1305_TAG_FINAL); }

struct Opener::Impl {
  int in;
  crypto_secretstream_xchacha20poly1305_state state{};
  bool over = false;
  std::vector<unsigned char> sealed = std::vector<unsigned char>(kPiece + crypto_secretstream_xchacha20poly1305_ABYTES);
  std::vector<unsigned char> plain = std::vector<unsigned char>(kPiece);
};

Opener::Opener(const Key& key, int in) : impl_(std::make_unique<Impl>(in)) {
  std::array<char, kFirstLine.size()> first{};
  Header header;
  if (read_up_to(in, first.data(), first.size()) != first.size() ||
      std::string_view(first.data(), first.size()) != kFirstLine ||
      read_up_to(in, chars(header.data()), header.size()) != header.size() ||
      crypto_secretstream_xchacha20poly1305_init_pull(&impl_->state, header.data(), key.bytes()) != 0) {
    throw Failure("is not sealed, or damaged at its beginning");
  }
}
Opener::~Opener() = default;

std::string_view Opener::read() {
  while (!impl_->over) {
    const std::size_t count = read_up_to(impl_->in, chars(impl_->sealed.data()), impl_->sealed.size());
    unsigned long long size = 0;
    unsigned char tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(&impl_->state, impl_->plain.data(), &size, &tag,
                                                   impl_->sealed.data(), count, nullptr, 0) != 0) {
      throw Failure("is cut off or damaged, or the key is another one");
    }
    impl_->over = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    if (size > 0) return {chars(impl_->plain.data()), size};
  }
  return {};
}

bool is_sealed(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string first(kFirstLine.size(), '\0');
  in.read(first.data(), static_cast<std::streamsize>(first.size()));
  return in && first == kFirstLine;
}

}  // namespace ms::cli
