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

// What is left of a connection whose answer is a stream: the socket and what it did not take yet. No coroutine, no
// buffer, no timer: an idle one is this object, one wait for the peer to leave, and what the kernel keeps. So that the
// sweep does not touch ten thousand of them four times a second, those that wait to be written stand first in the list.
namespace ms::http {

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Clock = std::chrono::steady_clock;
// What is in a list leaves it by being destroyed.
using AutoUnlink = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

struct Hub;

class OpenStream final : public Stream, public AutoUnlink, public std::enable_shared_from_this<OpenStream> {
 public:
  /// Puts the stream into the hub's list and writes the head. It keeps itself alive until it has ended.
  static std::shared_ptr<OpenStream> start(std::shared_ptr<Hub> hub, Socket socket, std::string head);

  OpenStream(std::shared_ptr<Hub> hub, Socket socket);

  bool send(std::shared_ptr<const std::string> bytes) override;
  void close() override;
  bool open() const noexcept override { return state_ == State::open; }
  void on_end(std::function<void()> over, std::function<std::string()> last_words) override;

  /// Ends it at once; what waits is lost.
  void cut();
  /// Ends it at once with its last words, if the reader has kept up so far.
  void leave();
  bool waits() const noexcept { return !waiting_.empty(); }
  /// While it waits: until when the peer must have read something.
  Clock::time_point deadline() const noexcept { return deadline_; }

 private:
  enum class State { open, closing, ended };

  void await_peer();
  void await_room();
  void write_waiting();

  const std::shared_ptr<Hub> hub_;
  Socket socket_;
  State state_ = State::open;
  std::vector<std::shared_ptr<const std::string>> waiting_;
  std::size_t written_ = 0;  ///< of the first that waits
  std::size_t unread_ = 0;   ///< bytes that wait
  Clock::time_point deadline_;
  std::function<void()> over_;
  std::function<std::string()> last_words_;
};

using OpenStreams = boost::intrusive::list<OpenStream, boost::intrusive::base_hook<AutoUnlink>,
                                           boost::intrusive::constant_time_size<false>>;

}  // namespace ms::http
