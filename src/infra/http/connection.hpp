#pragma once
#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/http/open_stream.hpp"
#include "infra/http/server.hpp"
#include "infra/http/streamed_body.hpp"

// The steps of a connection: wait until it is readable (without a buffer, so that thousands of idle ones cost little),
// read and parse a request, run the handler, write, repeat. Waiting needs no timer of its own: each connection has one
// deadline field, and the server's sweep cancels the sockets of those that are late. The coroutine then wakes up, sees
// that it is late, and sends 408 or closes. Rejected: a timer per request, 1-2 µs each and two allocations.
namespace ms::http {

/// What one request needs while it is read and answered; idle connections have none.
struct Workspace {
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  explicit Workspace(std::size_t size) : bytes(std::make_unique_for_overwrite<char[]>(size)), capacity(size) {}

  std::unique_ptr<char[]> bytes;
  std::size_t capacity;
  std::size_t begin = 0;  ///< bytes [begin, end) were read but not consumed
  std::size_t end = 0;
  std::optional<Parser> parser;
  bool persistent = false;  ///< the client keeps the connection open after this request
  Request request;
  std::string head;  ///< of the response

  std::string_view unread() const noexcept { return {bytes.get() + begin, end - begin}; }
  void take(std::size_t count) noexcept { begin += count; }
  /// Clears the request: its views are valid only as long as the parser that they point into.
  void clear_request() noexcept;
  /// The free space behind the unread bytes, which move to the front; empty when `capacity` bytes are unread.
  asio::mutable_buffer room() noexcept;
  /// Makes the capacity at least `size`, until the workspace is returned.
  void grow(std::size_t size);
};

class Connection;
using Connections = boost::intrusive::list<Connection, boost::intrusive::base_hook<AutoUnlink>,
                                           boost::intrusive::constant_time_size<false>>;

/// The state that the connections of one server share. One thread.
struct Hub {
  Limits limits;
  Server::Handler handler;
  Server::ErrorPage error_page;
  Server::IsStreamed is_streamed;
  std::function<void()> on_empty;  ///< called when the last connection or stream has closed
  std::optional<std::chrono::milliseconds>
      draining;  ///< set while draining: how long idle peers may take to close first
  Clock::time_point streamed_until = Clock::time_point::max();  ///< when streamed bodies are cut
  std::size_t in_flight = 0;                                    ///< without requests with streamed bodies
  std::size_t streamed_bodies = 0;
  std::size_t count = 0;  ///< of connections; one that became a stream no longer counts
  Connections connections;
  std::size_t stream_count = 0;
  OpenStreams streams;  ///< those with pending bytes come first

  std::unique_ptr<Workspace> borrow();
  void return_workspace(std::unique_ptr<Workspace> workspace);
  Clock::time_point idle_deadline() const;
  /// The Date field; formatted once a second.
  std::string_view date();
  /// Wakes every connection whose deadline has passed.
  void sweep();
  void start_draining(std::chrono::milliseconds idle_grace);
  /// Ends them at once, so that the drain waits for none; their clients reconnect to another server.
  void end_streams();
  void cut_all();
  bool empty() const noexcept { return count == 0 && stream_count == 0; }
  void notify_if_empty() const {
    if (empty() && on_empty) on_empty();
  }

 private:
  std::vector<std::unique_ptr<Workspace>> free_;
  std::time_t date_second_ = 0;
  std::string date_;
};

class Connection : public AutoUnlink {
 public:
  Connection(std::shared_ptr<Hub> hub, Socket socket, std::string peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  async<void> run();

 private:
  friend struct Hub;
  friend class StreamedBody;
  enum class Read { some, gone, late };

  /// The coroutines that read return the status of the error response, or one of these.
  static constexpr int kComplete = 0;
  static constexpr int kGone = -1;
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

  async<bool> wait_for_request();
  async<int> read_request();
  async<int> read_head();
  async<int> read_body();
  /// Leaves the body to the handler.
  int stream_body();
  async<Read> read_more();
  int status_of(Read read) const noexcept;
  template <class Message>
  void fill_request(const Message& message);
  /// Runs the handler and sends its response. False: nothing can follow on this connection.
  async<bool> answer();
  /// Hands the socket to a stream, which outlives this connection.
  void start_stream(Response response);
  async<void> send_error(int status);
  async<bool> send(Response response, bool with_body, bool close);
  async<bool> write(std::string_view first, std::string_view second);
  async<void> close_gracefully();

  std::shared_ptr<Hub> hub_;
  Socket socket_;
  std::string peer_;
  std::unique_ptr<Workspace> work_;
  std::unique_ptr<StreamedBody> streamed_;  ///< of the request that is being answered
  Clock::time_point deadline_ = Clock::time_point::max();
  bool idle_ = false;
};

/// Spawned for each accepted socket. The connection counts from its construction, so drain() misses none.
async<void> serve(std::unique_ptr<Connection> connection);

}  // namespace ms::http
