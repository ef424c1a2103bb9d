#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "infra/http/stream.hpp"
#include "infra/io/async.hpp"

// What remains of a connection whose response is a stream: the socket and the bytes that it has not taken yet. There is
// no coroutine, buffer or timer: an idle stream is this object, one wait for the peer to close, and the kernel's state.
// Streams with pending bytes come first in the list, so that the sweep need not touch ten thousand of them four times a
// second.
namespace ms::http {

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Clock = std::chrono::steady_clock;
// Destroying an object removes it from its list.
using AutoUnlink = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct Hub;

class OpenStream final : public Stream, public AutoUnlink, public std::enable_shared_from_this<OpenStream> {
 public:
  /// Adds the stream to the hub's list and writes the head. The stream keeps itself alive until it has ended.
  static std::shared_ptr<OpenStream> start(std::shared_ptr<Hub> hub, Socket socket, std::string head);

  OpenStream(std::shared_ptr<Hub> hub, Socket socket);

  bool send(std::shared_ptr<const std::string> bytes) override;
  void close() override;
  bool open() const noexcept override { return state_ == State::open; }
  void on_end(std::function<void()> on_end, std::function<std::string()> final_bytes) override;

  /// Ends the stream at once; pending bytes are lost.
  void cut();
  /// Ends the stream at once; writes the final bytes first unless bytes are pending.
  void end();
  bool has_pending() const noexcept { return !pending_.empty(); }
  /// While bytes are pending: until when the peer must have read some.
  Clock::time_point deadline() const noexcept { return deadline_; }

 private:
  enum class State { open, closing, ended };

  void await_peer();
  void await_room();
  void write_pending();

  const std::shared_ptr<Hub> hub_;
  Socket socket_;
  State state_ = State::open;
  std::vector<std::shared_ptr<const std::string>> pending_;
  std::size_t written_ = 0;        ///< of the first pending chunk
  std::size_t pending_bytes_ = 0;  ///< bytes pending
  Clock::time_point deadline_;
  std::function<void()> on_end_;
  std::function<std::string()> final_bytes_;
};

using OpenStreams = boost::intrusive::list<OpenStream, boost::intrusive::base_hook<AutoUnlink>,
                                           boost::intrusive::constant_time_size<false>>;

}  // namespace ms::http
