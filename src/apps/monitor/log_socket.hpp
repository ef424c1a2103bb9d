#pragma once
#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "infra/io/async.hpp"

namespace ms::monitor {

/// The Unix socket to which Nginx sends its access log. One thread.
class LogSocket {
 public:
  /// Creates it at `path` and replaces one that nobody reads any more; every user of this machine may write to it.
  /// Throws std::runtime_error with the reason and what to do about it.
  LogSocket(asio::io_context& io, std::string path);
  /// Removes the socket.
  ~LogSocket();
  LogSocket(const LogSocket&) = delete;
  LogSocket& operator=(const LogSocket&) = delete;

  /// Passes each datagram to `take` until close(). Other work gets its turns even in a flood.
  async<void> run(std::function<void(std::string_view datagram)> take);
  void close();
  /// Datagrams that were longer than a valid line can be.
  std::uint64_t too_long() const noexcept { return too_long_; }

 private:
  static constexpr std::size_t kMaxLineLength = 4096;

  async<bool> readable();
  /// Reads what is queued, at most one turn's share, and returns the number of datagrams.
  std::size_t drain(const std::function<void(std::string_view)>& take);
  std::chrono::microseconds measure_pause();

  asio::io_context& io_;
  std::string path_;
  int fd_ = -1;
  /// Set only while the socket waits: a descriptor in epoll wakes the event loop for each datagram.
  std::optional<asio::posix::basic_stream_descriptor<asio::io_context::executor_type>> descriptor_;
  std::array<char, kMaxLineLength> buffer_{};
  std::uint64_t too_long_ = 0;
  std::chrono::microseconds pause_{0};
};

}  // namespace ms::monitor
