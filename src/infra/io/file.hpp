#pragma once
#include <unistd.h>

#include <utility>

namespace ms {

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return descriptor_; }
  void close() noexcept { reset(-1); }
  /// Closes it and takes another one.
  void reset(int descriptor) noexcept {
    const int before = std::exchange(descriptor_, descriptor);
    if (before >= 0) ::close(before);
  }

 private:
  int descriptor_;
};

}  // namespace ms
