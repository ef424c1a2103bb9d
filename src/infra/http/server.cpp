#include "infra/http/server.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "infra/http/connection.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms::http {
namespace {

using boost::system::error_code;
using Tcp = asio::ip::tcp;

// How late a deadline may be noticed. One timer serves all connections.
constexpr std::chrono::milliseconds kSweepPeriod{250};
// Without a free file descriptor or memory, accepting again at once would only burn the processor.
constexpr std::chrono::milliseconds kAcceptPause{100};

/// A dup of a listening socket, and its address family.
std::pair<int, Tcp> duplicate(int listen_fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int fd = ::fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "the listening socket");
  }
  return {fd, address.ss_family == AF_INET6 ? Tcp::v6() : Tcp::v4()};
}

}  // namespace

struct Server::Impl {
  Impl(asio::io_context& context, int listen_fd)
      : io(context), acceptor(context.get_executor()), sweep_timer(context), gone(context) {
    const auto [fd, family] = duplicate(listen_fd);
    acceptor.assign(family, fd);
    acceptor.non_blocking(true);
  }
  ~Impl() { hub->on_empty = nullptr; }  // connections may outlive the server until their handlers end

  static async<void> accept_loop(std::shared_ptr<Impl> self);
  static async<void> sweep_loop(std::shared_ptr<Impl> self);

  /// Stops the sweep too, so that nothing of this server keeps the io_context running.
  void stop() {
    error_code ignored;
    acceptor.close(ignored);
    stopped = true;
    sweep_timer.cancel();
    hub->cut_all();
  }

  asio::io_context& io;
  asio::basic_socket_acceptor<Tcp, Executor> acceptor;
  io::Timer sweep_timer;
  io::Timer gone;  // cancelled when the last connection has closed
  bool stopped = false;
  std::shared_ptr<Hub> hub = std::make_shared<Hub>();
};

async<void> Server::Impl::accept_loop(std::shared_ptr<Impl> self) {
  while (self->acceptor.is_open()) {
    Tcp::endpoint peer;
    auto [error, socket] = co_await self->acceptor.async_accept(peer, io::kAsTuple);
    if (!error) {
      // A connection that was accepted while drain() closed the acceptor is served too: no other process will.
      if (self->hub->count >= self->hub->limits.connections || self->stopped) continue;
      auto connection = std::make_unique<Connection>(self->hub, std::move(socket), peer.address().to_string());
      asio::co_spawn(self->io, serve(std::move(connection)), asio::detached);
      continue;
    }
    // EINVAL: the master shut the socket down, because the whole program stops.
    if (error == asio::error::operation_aborted || error == asio::error::invalid_argument) co_return;
    if (error == asio::error::connection_aborted) continue;
    spdlog::error("http: accept: {}", error.message());
    io::Timer pause(self->io, kAcceptPause);
    co_await pause.async_wait(io::kAsTuple);
  }
}

async<void> Server::Impl::sweep_loop(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    self->sweep_timer.expires_after(kSweepPeriod);
    co_await self->sweep_timer.async_wait(io::kAsTuple);
    self->hub->sweep();
  }
}

Server::Server(asio::io_context& io, int listen_fd, Limits limits, Handler handler, ErrorPage error_page,
               IsStreamed is_streamed)
    : impl_(std::make_shared<Impl>(io, listen_fd)) {
  impl_->hub->limits = limits;
  impl_->hub->handler = std::move(handler);
  impl_->hub->error_page = std::move(error_page);
  impl_->hub->is_streamed = std::move(is_streamed);
}

Server::~Server() { impl_->stop(); }

void Server::start() {
  asio::co_spawn(impl_->io, Impl::accept_loop(impl_), asio::detached);
  asio::co_spawn(impl_->io, Impl::sweep_loop(impl_), asio::detached);
}

async<void> Server::drain(std::chrono::milliseconds idle_grace, std::chrono::steady_clock::time_point deadline) {
  const auto impl = impl_;
  error_code ignored;
  impl->acceptor.close(ignored);
  impl->hub->start_draining(idle_grace);
  impl->gone.expires_at(deadline);
  impl->hub->on_empty = [timer = &impl->gone] { timer->cancel(); };
  // A socket that was accepted a moment ago is counted before this coroutine continues.
  co_await asio::post(impl->io, io::kUseAwaitable);
  while (!impl->hub->empty() && Clock::now() < deadline) co_await impl->gone.async_wait(io::kAsTuple);
  impl->hub->on_empty = nullptr;
  impl->stop();
}

void Server::end_streams() { impl_->hub->end_streams(); }

ServerState Server::state() const noexcept {
  return {impl_->hub->count, impl_->hub->in_flight, impl_->hub->stream_count, impl_->hub->streamed_bodies};
}

}  // namespace ms::http
