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

// One connection's life: wait until something can be read (without a buffer, so that thousands of idle ones cost
// little), read and parse a request, let the handler answer, write, and again. Waiting has no timer of its own: each
// connection has one deadline field, and the server's sweep cancels the socket of those that are late; the coroutine
// wakes up, sees that it is late, and says 408 or leaves. Rejected: a timer a request, 1-2 µs each and two allocations.
namespace ms::http {

/// What one request needs while it is read and answered; idle connections have none.
struct Workspace {
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  explicit Workspace(std::size_t size) : bytes(std::make_unique_for_overwrite<char[]>(size)), capacity(size) {}

  std::unique_ptr<char[]> bytes;
  std::size_t capacity;
  std::size_t begin = 0;  ///< bytes [begin, end) were read and not used
  std::size_t end = 0;
  std::optional<Parser> parser;
  Request request;
  std::string head;  ///< of the answer

  std::string_view unread() const noexcept { return {bytes.get() + begin, end - begin}; }
  void take(std::size_t count) noexcept { begin += count; }
  /// Empties the request, whose views hold only as long as the parser that it was filled from.
  void forget_request() noexcept;
  /// Free space behind what is unread, which moves to the front for it; empty when `capacity` bytes are unread.
  asio::mutable_buffer room() noexcept;
};

class Connection;
using Connections = boost::intrusive::list<Connection, boost::intrusive::base_hook<AutoUnlink>,
                                           boost::intrusive::constant_time_size<false>>;

/// What the connections of one server share. One thread.
struct Hub {
  Limits limits;
  Server::Handler handler;
  Server::ErrorPage error_page;
  std::function<void()> emptied;                      ///< called when the last connection or stream is gone
  std::optional<std::chrono::milliseconds> draining;  ///< set: how long idle peers may take to close first
  std::size_t in_flight = 0;
  std::size_t count = 0;  ///< of connections; what became a stream is none any more
  Connections connections;
  std::size_t stream_count = 0;
  OpenStreams streams;  ///< those that wait to be written stand first

  std::unique_ptr<Workspace> borrow();
  void give_back(std::unique_ptr<Workspace> workspace);
  Clock::time_point idle_deadline() const;
  /// The Date of an answer; written anew once a second.
  std::string_view date();
  /// Wakes every connection whose deadline has passed.
  void sweep();
  void start_draining(std::chrono::milliseconds idle_grace);
  /// At once, so that nobody waits for them; their readers come back to another server.
  void end_streams();
  void cut_all();
  bool empty() const noexcept { return count == 0 && stream_count == 0; }
  void tell_if_empty() const {
    if (empty() && emptied) emptied();
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
  enum class Read { some, gone, late };

  /// The coroutines that read give the status to refuse with, or one of these.
  static constexpr int kComplete = 0;
  static constexpr int kGone = -1;

  async<bool> wait_for_request();
  async<int> read_request();
  async<int> read_head();
  async<int> read_body();
  async<Read> read_more();
  int status_of(Read read) const noexcept;
  void fill_request();
  /// Calls the handler and sends what it answers. False: nothing can follow on this connection.
  async<bool> answer();
  /// The socket goes to a stream, which lives on without this connection.
  void go_on(Response response);
  async<void> refuse(int status);
  async<bool> send(Response response, bool with_body, bool close);
  async<bool> write(std::string_view first, std::string_view second);
  async<void> hang_up();

  std::shared_ptr<Hub> hub_;
  Socket socket_;
  std::string peer_;
  std::unique_ptr<Workspace> work_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool idle_ = false;
};

/// Spawned for each accepted socket. The connection counts from its construction on, so drain() misses none.
async<void> serve(std::unique_ptr<Connection> connection);

}  // namespace ms::http
