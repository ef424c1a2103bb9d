#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "infra/http/message.hpp"
#include "infra/io/async.hpp"

namespace ms::http {

struct Limits {
  std::size_t head_bytes = 16 * 1024;    ///< request line and header fields; more: 431
  std::size_t body_bytes = 1024 * 1024;  ///< more: 413
  std::size_t connections = 16384;       ///< more are closed at once; streams do not count
  std::size_t streams = 12000;           ///< at the same time; more: 503
  std::size_t stream_bytes = 64 * 1024;  ///< that a stream's client may leave unread (Stream::send)
  std::chrono::seconds head_time{10};    ///< from the first byte to the end of the head; later: 408
  std::chrono::seconds body_time{30};
  std::chrono::seconds idle_time{75};   ///< without a request; Nginx closes sooner (keepalive_timeout 5s)
  std::chrono::seconds write_time{30};  ///< a peer that reads nothing is cut off

  // Bodies that their handlers read (body_reader.hpp), whatever body_bytes and body_time are.
  std::size_t streamed_bodies = 128;                    ///< at the same time; more: 503
  std::size_t streamed_buffer = 64 * 1024;              ///< memory of each
  std::int64_t streamed_rate = 1024;                    ///< bytes a second that a client sends at least
  std::chrono::milliseconds streamed_patience{20'000};  ///< how long it may send less
  std::chrono::milliseconds streamed_grace{3'000};      ///< until a draining server cuts them
};

/// A handler that returns this status sends nothing: the connection closes, and Nginx asks another server.
inline constexpr int kNoAnswer = 0;

struct ServerState {
  std::size_t connections = 0;
  std::size_t in_flight = 0;  ///< requests in flight, without those with streamed bodies
  std::size_t streams = 0;
  std::size_t streamed_bodies = 0;
};

/// HTTP/1.1 over one inherited listening socket (RFC 9112). The only folder that includes Beast. One thread. Malformed
/// requests get 400/408/413/431/501 here; everything else goes to the handler, which must not throw.
class Server {
 public:
  using Handler = std::function<async<Response>(const Request&)>;
  /// The page for an error that is found here; it is sent with "Connection: close". `request` holds what could be
  /// parsed: the head when only the body is wrong, nothing when the head is.
  using ErrorPage = std::function<Response(int status, const Request& request)>;

  /// Whether the handler reads the request's body itself (Request::body_stream); asked for each unsafe request when its
  /// head is there.
  using IsStreamed = std::function<bool(const Request&)>;

  /// Takes a dup of `listen_fd`; the owner (infra/process) keeps the original open. Without an `error_page` the
  /// response is one line of plain text. Throws boost::system::system_error when `listen_fd` is not a TCP socket.
  Server(asio::io_context& io, int listen_fd, Limits limits, Handler handler, ErrorPage error_page = nullptr,
         IsStreamed is_streamed = nullptr);
  /// Closes every connection; a running handler runs to its end and its response is dropped.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  void start();
  /// Stops accepting, ends streams with their final bytes, cuts streamed bodies after a grace, answers requests in
  /// flight with "Connection: close", lets idle peers close first and closes the rest after `idle_grace`. Returns when
  /// no connection is left or the deadline passes.
  async<void> drain(std::chrono::milliseconds idle_grace, std::chrono::steady_clock::time_point deadline);
  /// Ends the open streams with their final bytes; their clients reconnect, usually to another server.
  void end_streams();
  ServerState state() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ms::http
