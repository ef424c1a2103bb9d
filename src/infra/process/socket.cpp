#include "infra/process/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace ms::process {
namespace {

// Connections that wait while a worker is replaced; the kernel uses the smaller of this and net.core.somaxconn.
constexpr int kBacklog = 4096;      // the maximum of Linux; connections beyond it try again after a second
constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START

[[noreturn]] void fail(const std::string& address, int port, int error) {
  const char* fix = "";
  if (error == EADDRINUSE) fix = ": stop the program that uses it or choose another port";
  if (error == EACCES) fix = ": ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher port";
  if (error == EADDRNOTAVAIL) fix = ": this machine has no such address; choose one of `ip address`";
  throw std::runtime_error(fmt::format("cannot listen on {} port {}: {}{}", address, port, std::strerror(error), fix));
}

bool inherited_from_systemd() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  return pid && count && std::atol(pid) == ::getpid() && std::atoi(count) >= 1;
}

void make_inherited_ready(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    throw std::runtime_error("LISTEN_FDS does not name a listening socket: the unit needs ListenStream=");
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

ListenSocket listen_socket(const std::string& address, int port) {
  if (inherited_from_systemd()) {
    make_inherited_ready(kFirstInherited);
    return {kFirstInherited, true};
  }
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) {
    throw std::runtime_error(fmt::format("cannot listen on '{}': write a numeric address such as 127.0.0.1", address));
  }
  const int fd = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) fail(address, port, errno);
  const int on = 1;
  // Connections of the previous run that still linger must not prevent the start.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto* where = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (::bind(fd, where, is_v4 ? sizeof v4 : sizeof v6) != 0 || ::listen(fd, kBacklog) != 0) {
    const int error = errno;
    ::close(fd);
    fail(address, port, error);
  }
  return {fd, false};
}

}  // namespace ms::process
