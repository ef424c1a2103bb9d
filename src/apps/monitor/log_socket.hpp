#pragma once
#include <array>
#include <boost/asio/local/datagram_protocol.hpp>
#include <cstdint>
#include <functional>
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
  using Socket = asio::basic_datagram_socket<asio::local::datagram_protocol, asio::io_context::executor_type>;

  static constexpr std::size_t kLongestLine = 4096;
  /// Reads what is there, at most one turn's share; false when there is more.
  bool drain(const std::function<void(std::string_view)>& take);
  std::size_t measure_queue();

  Socket socket_;
  std::string path_;
  std::array<char, kLongestLine> buffer_{};
  std::uint64_t too_long_ = 0;
  bool roomy_ = false;
};

}  // namespace ms::monitor
