#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>

#include "infra/io/use_awaitable.hpp"
#include "infra/redis/circuit_breaker.hpp"
#include "infra/redis/client.hpp"
#include "infra/redis/connection.hpp"

namespace ms::redis {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kConnectTime{250};
constexpr int kMaxMissedPings = 2;  // PINGs without an answer after which the peer counts as dead

}  // namespace

// Here the breaker only paces the reconnects: a subscriber sends no commands that it could hold back.
struct Subscriber::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, Config given, std::vector<std::string> names,
       std::function<void(std::string_view, std::string_view)> message, std::function<void(bool)> gap)
      : io(context),
        resolver(std::make_shared<Resolver>(context)),
        config(std::move(given)),
        channels(std::move(names)),
        on_message(std::move(message)),
        on_gap(std::move(gap)),
        breaker(1, config.probe_every, steady_clock::now()),
        pause(context),
        ping_timer(context) {}

  static async<> run(std::shared_ptr<Impl> impl);
  async<std::string> connect();
  async<> listen();
  /// Delivers what has arrived; false when the connection is closed.
  bool receive();
  void on_reply(const Reply& reply);
  void arm_ping();
  void close();

  asio::io_context& io;
  const std::shared_ptr<Resolver> resolver;
  const Config config;
  const std::vector<std::string> channels;
  const std::function<void(std::string_view, std::string_view)> on_message;
  const std::function<void(bool)> on_gap;
  CircuitBreaker breaker;
  io::Timer pause;
  io::Timer ping_timer;
  int missed_pings = 0;
  std::shared_ptr<Connection> connection;
  bool listening = false;
  bool closed = false;
};

async<> Subscriber::Impl::run(std::shared_ptr<Impl> impl) {
  while (!impl->closed) {
    impl->pause.expires_at(impl->breaker.probe_at());
    co_await impl->pause.async_wait(io::kAsTuple);
    if (impl->closed) break;
    impl->breaker.probe_began(steady_clock::now());
    const std::string failure = co_await impl->connect();
    if (impl->closed) break;
    if (!failure.empty()) {
      impl->connection->close();
      impl->breaker.probe_failed();
      continue;
    }
    impl->breaker.probe_succeeded(steady_clock::now());
    impl->on_gap(true);
    co_await impl->listen();
    if (impl->closed) break;
    impl->breaker.lost(steady_clock::now());
    spdlog::warn("redis: subscription lost: {}", impl->connection->close_reason());
    impl->on_gap(false);
  }
}

// One SUBSCRIBE for each channel, so that every command has one answer; messages may already come between them.
async<std::string> Subscriber::Impl::connect() {
  connection = std::make_shared<Connection>(io, resolver);
  connection->arm(steady_clock::now() + kConnectTime);
  std::string failure = co_await connection->open(config, "minschool-subscriber");
  if (!failure.empty()) co_return failure;
  for (const auto& channel : channels) connection->send(Command("SUBSCRIBE", channel).wire());
  std::size_t confirmed = 0;
  while (confirmed < channels.size()) {
    Reply reply;
    if (!connection->next(reply)) {
      const bool more = co_await connection->read();
      if (!more) co_return connection->close_reason();
      continue;
    }
    if (reply.is_error()) co_return reply.text;
    // Messages before the last confirmation are covered by on_gap(true), which follows it.
    if (!reply.items.empty() && reply.items[0].text == "subscribe") ++confirmed;
  }
  connection->disarm();
  co_return std::string();
}

async<> Subscriber::Impl::listen() {
  const auto current = connection;
  missed_pings = 0;
  arm_ping();
  listening = true;
  while (receive()) {
    const bool more = co_await current->wait();
    if (!more) break;
  }
  listening = false;
  ping_timer.cancel();
}

bool Subscriber::Impl::receive() {
  const auto current = connection;  // a callback may close it
  const bool open = current->receive();
  Reply reply;
  while (current->next(reply)) {
    missed_pings = 0;
    on_reply(reply);
  }
  return open && !current->closed();
}

void Subscriber::Impl::on_reply(const Reply& reply) {
  if (reply.items.size() == 3 && reply.items[0].text == "message") on_message(reply.items[1].text, reply.items[2].text);
}

void Subscriber::Impl::arm_ping() {
  ping_timer.expires_after(config.probe_every);
  ping_timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled || self->closed || self->connection->closed()) return;
    if (++self->missed_pings > kMaxMissedPings) {
      self->connection->close();
      return;
    }
    self->connection->send(Command("PING").wire());
    self->arm_ping();
  });
}

void Subscriber::Impl::close() {
  closed = true;
  pause.cancel();
  ping_timer.cancel();
  if (connection) connection->close();
}

Subscriber::Subscriber(asio::io_context& io, Config config, std::vector<std::string> channels,
                       std::function<void(std::string_view, std::string_view)> on_message,
                       std::function<void(bool)> on_gap)
    : impl_(std::make_shared<Impl>(io, std::move(config), std::move(channels), std::move(on_message),
                                   std::move(on_gap))) {
  asio::co_spawn(io.get_executor(), Impl::run(impl_), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
}

Subscriber::~Subscriber() { close(); }

void Subscriber::close() { impl_->close(); }

bool Subscriber::catch_up() { return impl_->listening && impl_->receive() && impl_->missed_pings == 0; }

}  // namespace ms::redis
