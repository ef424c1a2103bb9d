#include "infra/redis/connection.hpp"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "infra/io/use_awaitable.hpp"

namespace ms::redis {

void Connection::arm(Deadline deadline) {
  guard_.expires_at(deadline);
  guard_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    // disarm() may be called when this handler is already queued.
    if (!error && self->guard_.expiry() <= std::chrono::steady_clock::now()) self->fail("no answer in time");
  });
}

void Connection::disarm() { guard_.expires_at(Deadline::max()); }

async<std::vector<Connection::Endpoint>> Connection::find(const Config& config) {
  std::vector<Endpoint> found;
  if (config.host.starts_with('/')) {
    found.emplace_back(asio::local::stream_protocol::endpoint(config.host));
    co_return found;
  }
  const auto names = co_await resolver_->find(config.host, guard_.expiry());
  if (names.addresses.empty()) fail(names.error);
  for (const std::string& address : names.addresses) {
    boost::system::error_code ignored;
    const auto parsed = asio::ip::make_address(address, ignored);
    if (!ignored) found.emplace_back(asio::ip::tcp::endpoint(parsed, static_cast<std::uint16_t>(config.port)));
  }
  co_return found;
}

async<std::string> Connection::open(const Config& config, std::string_view name) {
  const auto endpoints = co_await find(config);
  boost::system::error_code failed = asio::error::host_not_found;
  for (const auto& endpoint : endpoints) {
    if (closed_) co_return reason_;
    boost::system::error_code ignored;
    socket_.close(ignored);
    const auto [error] = co_await socket_.async_connect(endpoint, io::kAsTuple);
    failed = error;
    if (!failed) break;
  }
  if (closed_) co_return reason_;
  if (failed) {
    fail(failed.message());
    co_return reason_;
  }
  boost::system::error_code no_tcp;
  socket_.set_option(asio::ip::tcp::no_delay(true), no_tcp);  // fails on a unix socket, which has no delay

  std::vector<Command> greeting;
  if (!config.user.empty()) {
    greeting.emplace_back("AUTH", config.user, config.password);
  } else if (!config.password.empty()) {
    greeting.emplace_back("AUTH", config.password);
  }
  if (config.database != 0) greeting.emplace_back("SELECT", config.database);
  greeting.emplace_back("PING");
  std::string refused = co_await run_all(greeting);
  // The name only helps readers of CLIENT LIST: an ACL without CLIENT is no reason to do without Redis.
  if (refused.empty()) {
    const std::vector<Command> naming{Command("CLIENT", "SETNAME", name)};
    co_await exchange(naming);
  }
  if (closed_) co_return reason_;
  co_return refused;
}

async<std::string> Connection::run_all(const std::vector<Command>& commands) {
  const auto replies = co_await exchange(commands);
  if (closed_) co_return reason_;
  for (const auto& reply : replies) {
    if (reply.is_error()) co_return reply.text;
  }
  co_return std::string();
}

async<std::string> Connection::probe() {
  const std::vector<Command> write{Command("SET", "__minschool_probe", 1, "PX", 1000)};
  const auto replies = co_await exchange(write);
  if (closed_) co_return reason_;
  // An ACL that denies us this key (NOPERM) says nothing about the state of the server.
  if (is_unusable(replies.front())) co_return replies.front().text;
  co_return std::string();
}

// As many replies as commands, or fewer when the connection was closed meanwhile.
async<std::vector<Reply>> Connection::exchange(const std::vector<Command>& commands) {
  for (const auto& command : commands) send(command.wire());
  std::vector<Reply> replies;
  while (replies.size() < commands.size()) {
    Reply reply;
    if (next(reply)) {
      replies.push_back(std::move(reply));
      continue;
    }
    const bool more = co_await read();
    if (!more) break;
  }
  co_return replies;
}

void Connection::send(std::string_view wire) {
  unsent_ += wire;
  if (flush_posted_ || writing_ || closed_) return;
  flush_posted_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Connection::flush() {
  if (writing_ || closed_ || unsent_.empty()) return;
  writing_ = true;
  sending_.clear();
  std::swap(sending_, unsent_);
  asio::async_write(socket_, asio::buffer(sending_),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                      self->writing_ = false;
                      if (error) {
                        self->fail(error.message());
                      } else {
                        self->flush();
                      }
                    });
}

async<bool> Connection::read() {
  if (closed_) co_return false;
  const auto [error, size] = co_await socket_.async_read_some(asio::buffer(chunk_), io::kAsTuple);
  if (closed_) co_return false;
  if (error) {
    fail(error.message());
    co_return false;
  }
  reader_.feed(std::string_view(chunk_.data(), size));
  co_return true;
}

async<bool> Connection::wait() {
  if (closed_) co_return false;
  const auto [error] = co_await socket_.async_wait(Socket::wait_read, io::kAsTuple);
  if (!closed_ && error) fail(error.message());
  co_return !closed_;
}

bool Connection::receive() {
  while (!closed_) {
    const auto size = ::recv(socket_.native_handle(), chunk_.data(), chunk_.size(), MSG_DONTWAIT);
    if (size > 0) {
      reader_.feed(std::string_view(chunk_.data(), static_cast<std::size_t>(size)));
      if (static_cast<std::size_t>(size) < chunk_.size()) return true;
    } else if (size == 0) {
      fail("closed by Redis");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (errno != EINTR) {
      fail(boost::system::error_code(errno, boost::system::system_category()).message());
    }
  }
  return false;
}

bool Connection::next(Reply& out) {
  if (closed_) return false;
  if (reader_.next(out)) return true;
  if (!reader_.broken().empty()) fail(reader_.broken());
  return false;
}

void Connection::fail(std::string why) {
  if (closed_) return;
  reason_ = std::move(why);
  close();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  if (reason_.empty()) reason_ = "closed";
  guard_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace ms::redis
