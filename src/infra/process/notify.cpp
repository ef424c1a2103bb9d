#include "infra/process/notify.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace ms::process {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Notify::Notify() : path_(variable("NOTIFY_SOCKET")) {
  if (!path_.empty()) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (path_.front() == '@') path_.front() = '\0';  // the abstract name space, unix(7)
  }
  if (const auto channel = number<int>(variable("NODE_CHANNEL_FD")); channel && ::fcntl(*channel, F_GETFD) >= 0) {
    pm2_ = *channel;
    ::fcntl(pm2_, F_SETFD, FD_CLOEXEC);
  }
  const auto period = number<long long>(variable("WATCHDOG_USEC"));
  const auto watchdog_pid = number<pid_t>(variable("WATCHDOG_PID"));
  if (period && *period > 0 && (!watchdog_pid || *watchdog_pid == ::getpid()))
    alive_every_ = std::chrono::microseconds(*period / 2);
}

Notify::~Notify() {
  if (socket_ >= 0) ::close(socket_);
}

void Notify::ready() {
  send(fmt::format("READY=1\nMAINPID={}", ::getpid()));
  if (pm2_ < 0) return;
  constexpr std::string_view kLine = "\"ready\"\n";
  // The channel is a socket; when the other end has closed it, nobody waits for the message.
  static_cast<void>(::send(pm2_, kLine.data(), kLine.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  pm2_ = -1;
}

void Notify::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void Notify::stopping() { send("STOPPING=1"); }

void Notify::alive() { send("WATCHDOG=1"); }

void Notify::send(std::string_view message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_ < 0 || path_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  static_cast<void>(::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size));
}

}  // namespace ms::process
