#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// An encrypted stream of bytes: libsodium's secretstream (XChaCha20-Poly1305), in pieces of 64 KiB after a first line
// that names the format. A stream that was cut off, changed or sealed with another key does not open.
namespace ms::cli {

/// The key in a file: at least 32 characters, such as `openssl rand -base64 32` writes. Throws Failure.
class Key {
 public:
  explicit Key(const std::filesystem::path& file);
  const unsigned char* bytes() const noexcept { return reinterpret_cast<const unsigned char*>(bytes_.data()); }

 private:
  std::string bytes_;
};

/// Takes the bytes of a stream; throws Failure.
using Sink = std::function<void(std::string_view bytes)>;

/// Encrypts the bytes that are written to it. Throws Failure.
class Sealer {
 public:
  Sealer(const Key& key, Sink out);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  void write(std::string_view bytes);
  /// Writes the last piece. A stream that lacks it is reported as cut off.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Decrypts a sealed stream. Throws Failure before it returns any byte of a damaged piece.
class Opener {
 public:
  Opener(const Key& key, int in);
  ~Opener();
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  /// The next piece, valid until the next call; empty at the end.
  std::string_view read();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a file begins like one that a Sealer wrote.
bool is_sealed(const std::filesystem::path& file);

}  // namespace ms::cli
