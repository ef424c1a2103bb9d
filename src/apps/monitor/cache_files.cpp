#include "apps/monitor/cache_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace ms::monitor {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

/// The first field of Nginx's ngx_http_file_cache_header_t is the version of the format; none is 0.
constexpr std::array<char, sizeof(unsigned long)> kNoVersion{};

class File {
 public:
  explicit File(const fs::path& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const fs::path& path, int error) {
  throw std::runtime_error(fmt::format("{}: {}; see that this program runs as the user of Nginx's workers",
                                       path.string(), std::generic_category().message(error)));
}

bool written_since(const struct stat& file, system_clock::time_point since) {
  return system_clock::from_time_t(file.st_mtim.tv_sec + 1) > since;
}

/// `buffer` keeps its room for the next file. False when it cannot be read.
bool read_all(int fd, std::size_t size, std::string& buffer) {
  buffer.resize(size);
  const auto got = ::pread(fd, buffer.data(), buffer.size(), 0);
  buffer.resize(static_cast<std::size_t>(std::max(got, ssize_t{0})));
  return got >= 0;
}

void invalidate_file(const fs::path& path, const PurgeScope& scope, system_clock::time_point since, std::string& buffer,
                     Invalidated& out) {
  struct stat found{};
  const bool there = ::stat(path.c_str(), &found) == 0;
  if (there && !written_since(found, since)) return;
  const File file(path);
  if (!there || file.fd() < 0) {
    if (errno == ENOENT) return;  // Nginx removed or renamed it meanwhile
    fail(path, errno);
  }
  ++out.read;
  if (!scope.all()) {
    if (!read_all(file.fd(), static_cast<std::size_t>(found.st_size), buffer)) fail(path, errno);
    if (!scope.concerns(buffer)) return;
  }
  if (::pwrite(file.fd(), kNoVersion.data(), kNoVersion.size(), 0) != ssize_t{kNoVersion.size()}) fail(path, errno);
  ++out.pages;
}

}  // namespace

Invalidated invalidate(const fs::path& folder, const PurgeScope& scope, system_clock::time_point since) {
  Invalidated out;
  std::string buffer;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) invalidate_file(at->path(), scope, since, buffer, out);
  }
  if (error && error != std::errc::no_such_file_or_directory) fail(folder, error.value());
  return out;
}

}  // namespace ms::monitor
