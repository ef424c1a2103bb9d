// The kernel keeps only net.unix.max_dgram_qlen datagrams for us (10, or 512 where systemd set it) and Nginx throws
// away what does not fit. Where the queue is long we rest for a moment after each reading, so that a thousand lines a
// second cost fifty wake-ups and not a thousand; where it is short we read at once.
#include "apps/monitor/log_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "infra/io/sleep.hpp"

namespace ms::monitor {
namespace {

using boost::system::error_code;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>());
constexpr std::size_t kTurn = 256;
constexpr std::size_t kLongQueue = 256;
constexpr std::chrono::milliseconds kRest{20};
constexpr mode_t kEverybodyWrites = 0666;  // Nginx's workers are another user

/// A second, non-blocking end that writes to the socket at `path`; -1 when nobody reads there.
int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void remove_dead_socket(const std::string& path) {
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

LogSocket::LogSocket(asio::io_context& io, std::string path) : socket_(io), path_(std::move(path)) {
  remove_dead_socket(path_);
  error_code error;
  socket_.open(asio::local::datagram_protocol(), error);
  if (!error) socket_.non_blocking(true, error);
  try {
    if (!error) socket_.bind(asio::local::datagram_protocol::endpoint(path_), error);
  } catch (const boost::system::system_error& too_long) { error = too_long.code(); }
  if (error) {
    throw std::runtime_error(fmt::format("cannot make the socket {}: {}; see that its folder is there and this user's",
                                         path_, error.message()));
  }
  ::chmod(path_.c_str(), kEverybodyWrites);
  roomy_ = measure_queue() >= kLongQueue;
}

LogSocket::~LogSocket() {
  if (socket_.is_open()) close();
}

void LogSocket::close() {
  error_code ignored;
  socket_.close(ignored);
  ::unlink(path_.c_str());
}

/// By filling it: systemd may hide the file in /proc that tells it.
std::size_t LogSocket::measure_queue() {
  const int fd = connect_to(path_);
  if (fd < 0) return 0;
  std::size_t length = 0;
  while (length < kLongQueue && ::send(fd, "", 0, MSG_DONTWAIT) == 0) ++length;
  ::close(fd);
  while (::recv(socket_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT) >= 0) {}
  return length;
}

bool LogSocket::drain(const std::function<void(std::string_view)>& take) {
  for (std::size_t i = 0; i < kTurn; ++i) {
    // MSG_TRUNC: the length that the datagram had.
    const auto size = ::recv(socket_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0) return true;
    if (static_cast<std::size_t>(size) > buffer_.size()) {
      ++too_long_;
    } else {
      take({buffer_.data(), static_cast<std::size_t>(size)});
    }
  }
  return false;
}

async<void> LogSocket::run(std::function<void(std::string_view datagram)> take) {
  while (socket_.is_open()) {
    auto [error] = co_await socket_.async_wait(Socket::wait_read, kAwait);
    if (error) co_return;
    const bool empty = drain(take);
    if (!empty) {
      co_await asio::post(asio::use_awaitable_t<asio::io_context::executor_type>());
    } else if (roomy_) {
      co_await sleep_for(kRest);
    }
  }
}

}  // namespace ms::monitor
