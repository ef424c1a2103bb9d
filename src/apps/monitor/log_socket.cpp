// The kernel queues only net.unix.max_dgram_qlen datagrams (10, or 512 where systemd set it), and Nginx drops what does
// not fit. While lines arrive, the queue is read and then left alone without epoll: 20 ms when it is long, 2 ms when it
// is short. So a thousand lines a second cost fifty wake-ups instead of a thousand. When nothing arrived during a
// pause, epoll waits for the next line.
#include "apps/monitor/log_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cstring>
#include <stdexcept>

#include "infra/io/sleep.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms::monitor {
namespace {

constexpr std::size_t kMaxPerTurn = 256;
constexpr int kLongQueue = 100;
constexpr std::chrono::microseconds kPausePerDatagram{200};
constexpr mode_t kGroupWrites = 0660;  // Nginx's workers are another user, in this program's group (its unit)

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::runtime_error(fmt::format("{} is too long for a unix socket; name a shorter path", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int new_socket() { return ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

/// Connects to the socket at `path`; -1 when nobody reads it.
int connect_to(const std::string& path) {
  const sockaddr_un address = address_of(path);
  const int fd = new_socket();
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void remove_stale_socket(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return;
  if (!S_ISSOCK(found.st_mode)) {
    throw std::runtime_error(fmt::format("{} is there and no socket; name another path in monitor.log_socket", path));
  }
  if (const int other = connect_to(path); other >= 0) {
    ::close(other);
    throw std::runtime_error(fmt::format("another monitor reads {}; stop it, or name another path", path));
  }
  ::unlink(path.c_str());
}

}  // namespace

LogSocket::LogSocket(asio::io_context& io, std::string path) : io_(io), path_(std::move(path)) {
  const sockaddr_un address = address_of(path_);
  remove_stale_socket(path_);
  fd_ = new_socket();
  if (fd_ < 0 || ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
    if (fd_ >= 0) ::close(fd_);
    throw std::runtime_error(
        fmt::format("cannot make the socket {}: {}; see that its folder is there and this user's", path_, why));
  }
  ::chmod(path_.c_str(), kGroupWrites);
  pause_ = measure_pause();
}

LogSocket::~LogSocket() { close(); }

void LogSocket::close() {
  if (fd_ < 0) return;
  if (descriptor_) descriptor_->release();  // ends the wait
  ::close(std::exchange(fd_, -1));
  ::unlink(path_.c_str());
}

/// Measures by filling the queue: systemd may hide the file in /proc that has its length.
std::chrono::microseconds LogSocket::measure_pause() {
  const int writer = connect_to(path_);
  if (writer < 0) return {};
  int length = 0;
  while (length < kLongQueue && ::send(writer, "", 0, MSG_DONTWAIT) == 0) ++length;
  ::close(writer);
  while (::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) >= 0) {}
  return kPausePerDatagram * length;
}

std::size_t LogSocket::drain(const std::function<void(std::string_view)>& take) {
  std::size_t count = 0;
  while (count < kMaxPerTurn) {
    // MSG_TRUNC: returns the datagram's full length.
    const auto size = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0) break;
    ++count;
    if (static_cast<std::size_t>(size) > buffer_.size()) {
      ++too_long_;
    } else {
      take({buffer_.data(), static_cast<std::size_t>(size)});
    }
  }
  return count;
}

async<bool> LogSocket::readable() {
  descriptor_.emplace(io_, fd_);
  auto [error] = co_await descriptor_->async_wait(asio::posix::descriptor_base::wait_read, io::kAsTuple);
  if (descriptor_->is_open()) descriptor_->release();
  descriptor_.reset();
  co_return !error;
}

async<void> LogSocket::run(std::function<void(std::string_view datagram)> take) {
  while (true) {
    const bool readable_now = co_await readable();
    if (!readable_now) co_return;
    std::size_t count = 1;
    while (count > 0 && fd_ >= 0) {
      count = drain(take);
      if (count == kMaxPerTurn) {
        co_await asio::post(io::kUseAwaitable);
      } else {
        co_await sleep_for(pause_);
      }
    }
    if (fd_ < 0) co_return;
  }
}

}  // namespace ms::monitor
