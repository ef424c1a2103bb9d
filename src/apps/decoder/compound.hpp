#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ms::decoder {

/// A file of the compound format (OLE 2), in which HWP 5 and Office up to 2003 keep their streams.
class CompoundFile {
 public:
  /// `bytes` outlive it.
  explicit CompoundFile(std::string_view bytes);
  ~CompoundFile();
  CompoundFile(const CompoundFile&) = delete;
  CompoundFile& operator=(const CompoundFile&) = delete;

  /// False when the bytes are none.
  bool is_open() const noexcept;
  bool has(const char* stream) const;
  /// The content; nothing when there is none, or it is longer than 32 MB.
  std::optional<std::string> read(const char* stream) const;
  /// That of a stream in a storage.
  std::optional<std::string> read(const char* storage, const std::string& stream) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace ms::decoder
