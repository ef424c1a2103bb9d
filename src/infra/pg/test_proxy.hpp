#pragma once
#include <array>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "infra/io/use_awaitable.hpp"
#include "infra/pg/test_database.hpp"

namespace ms::pg {

/// A proxy between a client and the test server on a Unix socket that can stall like a hanging server: connections stay
/// open, but nothing arrives any more. Runs on the io_context of the test.
class Proxy {
 public:
  explicit Proxy(asio::io_context& io) : io_(io), state_(std::make_shared<State>(io)) {
    std::filesystem::create_directories(folder());
  }
  ~Proxy() {
    close();
    std::filesystem::remove_all(folder());
  }

  /// Where the proxy listens, once open() was called.
  std::string conninfo() const { return TestDatabase::conninfo() + " host=" + folder().string() + " port=5432"; }
  void open() {
    const asio::local::stream_protocol::endpoint endpoint((folder() / ".s.PGSQL.5432").string());
    state_->acceptor.open(endpoint.protocol());
    state_->acceptor.bind(endpoint);
    state_->acceptor.listen();
    asio::co_spawn(io_, accept(state_), asio::detached);
  }
  void stall(bool on) { state_->stalled = state_->answers_stalled = on; }
  /// Only what the server sends. It arrives in one piece in the end.
  void stall_answers(bool on) { state_->answers_stalled = on; }
  void close() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& socket : state_->sockets) socket->close(ignored);
    state_->sockets.clear();
  }

 private:
  using Socket = asio::generic::stream_protocol::socket;
  struct State {
    explicit State(asio::io_context& context) : io(context), acceptor(context) {}
    asio::io_context& io;
    asio::local::stream_protocol::acceptor acceptor;
    std::vector<std::shared_ptr<Socket>> sockets;
    bool stalled = false;
    bool answers_stalled = false;
  };

  static std::filesystem::path folder() { return "/tmp/ms_proxy_" + std::to_string(getpid()); }

  static Socket::endpoint_type server() {
    const Parameters real(TestDatabase::conninfo(), "minschool-test");
    const std::string port = real.get("port").empty() ? "5432" : real.get("port");
    if (real.get("host").starts_with('/')) {
      return asio::local::stream_protocol::endpoint(real.get("host") + "/.s.PGSQL." + port);
    }
    const auto address = asio::ip::make_address(real.get("host") == "localhost" ? "127.0.0.1" : real.get("host"));
    return asio::ip::tcp::endpoint(address, static_cast<std::uint16_t>(std::stoi(port)));
  }

  static async<void> accept(std::shared_ptr<State> state) {
    for (;;) {
      auto [error, accepted] = co_await state->acceptor.async_accept(io::kAsTuple);
      if (error) co_return;
      const auto client = std::make_shared<Socket>(std::move(accepted));
      const auto upstream = std::make_shared<Socket>(client->get_executor());
      upstream->connect(server());
      state->sockets.push_back(client);
      state->sockets.push_back(upstream);
      asio::co_spawn(state->io, carry(state, client, upstream, &state->stalled), asio::detached);
      asio::co_spawn(state->io, carry(state, upstream, client, &state->answers_stalled), asio::detached);
    }
  }

  /// `stalled` is a flag of `state`.
  static async<void> carry(std::shared_ptr<State> state, std::shared_ptr<Socket> from, std::shared_ptr<Socket> to,
                           const bool* stalled) {
    constexpr std::chrono::milliseconds kCheckInterval{5};
    std::array<char, 16384> buffer;
    for (;;) {
      auto [error, size] = co_await from->async_read_some(asio::buffer(buffer), io::kAsTuple);
      while (*stalled && from->is_open()) {
        asio::steady_timer pause(from->get_executor(), kCheckInterval);
        co_await pause.async_wait(io::kUseAwaitable);
      }
      boost::system::error_code broken = error;
      if (!broken && from->available(broken) > 0) size += from->read_some(asio::buffer(buffer) + size, broken);
      if (!broken) {
        const auto written = co_await asio::async_write(*to, asio::buffer(buffer, size), io::kAsTuple);
        broken = std::get<0>(written);
      }
      if (broken) {
        to->close(broken);
        co_return;
      }
    }
  }

  asio::io_context& io_;
  std::shared_ptr<State> state_;
};

}  // namespace ms::pg
