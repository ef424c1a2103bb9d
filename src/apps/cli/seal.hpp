#pragma once
#include <filesystem>
#include <string>

// A stream of bytes under a key: libsodium's secretstream (XChaCha20-Poly1305), in pieces of 64 KiB behind a first line
// that says what it is. What was cut off, changed or sealed with another key does not open.
namespace ms::cli {

/// The key in a file: at least 32 characters, such as `openssl rand -base64 32` writes. Throws Failure.
class Key {
 public:
  explicit Key(const std::filesystem::path& file);
  const unsigned char* bytes() const noexcept { return reinterpret_cast<const unsigned char*>(bytes_.data()); }

 private:
  std::string bytes_;
};

/// Reads `in` to its end. Throws Failure.
void seal(const Key& key, int in, int out);
/// The reverse; throws Failure before anything of a damaged piece is written.
void open_sealed(const Key& key, int in, int out);
/// Whether a file begins like one that seal() wrote.
bool is_sealed(const std::filesystem::path& file);

}  // namespace ms::cli
