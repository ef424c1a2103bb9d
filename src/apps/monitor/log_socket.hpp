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

/// The unix socket that Nginx sends its access log to. One thread.
class LogSocket {
 public:
  /// Makes it at `path`, in place of one that nobody reads any more; everybody on this machine may write to it. Throws
  /// std::runtime_error with the reason and what to do about it.
  LogSocket(asio::io_context& io, std::string path);
  /// Removes it.
  ~LogSocket();
  LogSocket(const LogSocket&) = delete;
  LogSocket& operator=(const LogSocket&) = delete;

  /// Gives each datagram to `take` until close(). A flood leaves the loop its turns.
  async<void> run(std::function<void(std::string_view datagram)> take);
  void close();
  /// Datagrams that were longer than a line of ours can be.
  std::uint64_t too_long() const noexcept { return too_long_; }

 private:
  static constexpr std::size_t kMaxLineLength = 4096;

  async<bool> readable();
  /// Reads what is there, at most one turn's share; how many datagrams it was.
  std::size_t drain(const std::function<void(std::string_view)>& take);
  std::chrono::microseconds measure_rest();

  asio::io_context& io_;
  std::string path_;
  int fd_ = -1;
  /// Of fd_, only while there is nothing to do but wait: what stands in epoll wakes the loop with each datagram.
  std::optional<asio::posix::basic_stream_descriptor<asio::io_context::executor_type>> waiting_;
  std::array<char, kMaxLineLength> buffer_{};
  std::uint64_t too_long_ = 0;
  std::chrono::microseconds rest_{0};
};

}  // namespace ms::monitor
