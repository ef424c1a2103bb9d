#pragma once
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "infra/http/server.hpp"
#include "infra/http/stream.hpp"

// For this folder's tests: a real server on its own thread, and a client that sends given bytes.
namespace ms::http::test {

/// A listening socket on a free port of 127.0.0.1.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int fd() const noexcept { return fd_; }
  int port() const noexcept { return port_; }

 private:
  int fd_ = -1;
  int port_ = 0;
};

/// Blocking; every read fails the test after 5 s.
class Client {
 public:
  explicit Client(int port, int receive_buffer = 0);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the server has closed the connection.
  bool send(std::string_view bytes);
  void half_close();
  /// Ends the connection by RST, as a process that dies with unread bytes does.
  void reset();
  /// One response, framed by its Content-Length; `with_body` is false for HEAD. "" when the connection closed.
  std::string answer(bool with_body = true);
  /// Everything until the server closes; "RST" when the close was not orderly.
  std::string rest();
  /// `count` bytes, fewer when the connection closed.
  std::string take(std::size_t count);
  /// True when nothing arrived within the time.
  bool silent_for(std::chrono::milliseconds time);

 private:
  bool receive();

  int fd_ = -1;
  std::string buffer_;
  bool reset_ = false;
};

/// Responses: /echo the body, /fields the names and values, /big?N that many bytes, /slow?N after N ms, /throw, /silent
/// nothing, /stream one of streams(), everything else "METHOD path". Below /streamed/ the handler reads the body: /all
/// responds with the number of bytes, or why there are no more; /echo with the bytes; /some?N with 413 once it has more
/// than N; /none with 401 at once; /slow?N waits N ms before each chunk.
class TestServer {
 public:
  explicit TestServer(Limits limits = {}, Server::ErrorPage error_page = nullptr);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  int port() const noexcept { return listener_.port(); }
  ServerState state();
  void end_streams();
  /// Waits (on the server's thread) until `count` requests are in flight.
  void wait_for_in_flight(std::size_t count);
  void wait_for_connections(std::size_t count);
  void wait_for_streams(std::size_t count);
  void wait_for_streamed_bodies(std::size_t count);
  /// Runs `act` on the server's thread and waits for it.
  void on_thread(const std::function<void()>& act);
  /// The streams that /stream opened, in order; use them on the server's thread.
  std::vector<std::shared_ptr<Stream>>& streams() { return streams_; }
  /// Destroys the server; its thread continues.
  void destroy();
  /// Starts draining; the future is ready when the drain is over.
  std::future<void> drain(std::chrono::milliseconds idle_grace, std::chrono::milliseconds at_most);

 private:
  async<Response> handle(const Request& request);
  async<Response> read(const Request& request);

  Listener listener_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::shared_ptr<Stream>> streams_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace ms::http::test
