#pragma once
#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "infra/io/async.hpp"
#include "infra/io/resolver.hpp"
#include "infra/io/use_awaitable.hpp"
#include "infra/redis/client.hpp"
#include "infra/redis/reader.hpp"

namespace ms::redis {

/// One connection from connect to close, used once and then replaced. Closing it from anywhere wakes the reader.
/// Everything asynchronous holds a shared_ptr to it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, std::shared_ptr<Resolver> resolver)
      : resolver_(std::move(resolver)), socket_(io), guard_(io) {}

  /// Closes the connection at `deadline` unless disarm() is called before.
  void arm(Deadline deadline);
  void disarm();
  /// Connects and logs in: AUTH, SELECT, CLIENT SETNAME, PING. Returns the reason when it failed, else empty.
  async<std::string> open(const Config& config, std::string_view name);
  /// Sends the commands and waits for their answers; returns the first error, else empty. Only without another reader.
  async<std::string> run_all(const std::vector<Command>& commands);
  /// Whether this Redis takes writes: the reason when not, else empty.
  async<std::string> probe();

  /// Adds to the bytes that the next turn of the event loop writes at once.
  void send(std::string_view wire);
  std::size_t unsent() const noexcept { return unsent_.size(); }
  /// Waits for bytes; false when the connection is closed.
  async<bool> read();
  /// read() in two steps, for callers that need at once what has arrived: waits until there may be bytes; reads what is
  /// there without waiting. Not during a read().
  async<bool> wait();
  bool receive();
  /// The next complete reply; a broken stream closes the connection.
  bool next(Reply& out);
  void close();
  bool closed() const noexcept { return closed_; }
  const std::string& close_reason() const noexcept { return reason_; }

 private:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;
  using Endpoint = asio::generic::stream_protocol::endpoint;

  async<std::vector<Endpoint>> find(const Config& config);
  async<std::vector<Reply>> exchange(const std::vector<Command>& commands);
  void flush();
  void fail(std::string why);

  std::shared_ptr<Resolver> resolver_;
  Socket socket_;
  io::Timer guard_;
  Reader reader_;
  std::string unsent_;
  std::string sending_;
  bool flush_posted_ = false;
  bool writing_ = false;
  bool closed_ = false;
  std::string reason_;
  std::array<char, 16 * 1024> chunk_;
};

}  // namespace ms::redis
