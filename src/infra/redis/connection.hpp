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

/// One connection from connect to close, used once and then replaced. Closing it from anywhere wakes whoever reads.
/// Everything asynchronous holds a shared_ptr to it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, std::shared_ptr<Resolver> resolver)
      : resolver_(std::move(resolver)), socket_(io), guard_(io) {}

  /// Closes the link at `deadline` unless disarm() comes before.
  void arm(Deadline deadline);
  void disarm();
  /// Connects and says who we are: AUTH, SELECT, CLIENT SETNAME, PING. The reason when it failed, else empty.
  async<std::string> open(const Config& config, std::string_view name);
  /// Sends the commands and waits for their answers; the first error answer, else empty. Only while nobody else reads.
  async<std::string> run_all(const std::vector<Command>& commands);
  /// Is this Redis able to take a write? The reason when not, else empty.
  async<std::string> probe();

  /// Adds to what the next turn of the event loop writes, all in one go.
  void send(std::string_view wire);
  std::size_t unsent() const noexcept { return unsent_.size(); }
  /// Waits for bytes; false when the link is closed.
  async<bool> read();
  /// The same in two steps, for who must know at once what has arrived: waits until there may be bytes, and takes in
  /// what is there, without waiting. Not while a read() is under way.
  async<bool> wait();
  bool receive();
  /// The next whole reply of what was read; a broken stream closes the link.
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
