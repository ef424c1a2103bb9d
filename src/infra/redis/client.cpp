// The pipelined connection. Commands go out once per turn of the event loop; replies come in the order of the commands
// (RESP2), so a queue is all the bookkeeping. When a caller's deadline passes, its entry stays in the queue without the
// handler until the reply comes or the connection is lost. A waiting coroutine is owned by its handler in the queue: it
// lives as long as its replies can be written to, and every handler is posted exactly once, so whatever the resumed
// code does (send again, destroy the Client) finds a consistent queue. Rejected: a connection pool (one pipelined
// connection takes 1 µs a command) and a timer per command (costs as much as the command).
#include "infra/redis/client.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <deque>

#include "infra/io/async_event.hpp"
#include "infra/io/use_awaitable.hpp"
#include "infra/redis/circuit_breaker.hpp"
#include "infra/redis/connection.hpp"

namespace ms::redis {
namespace {

using std::chrono::steady_clock;
using Handler = asio::async_result<io::UseAwaitable, void()>::handler_type;

constexpr std::chrono::milliseconds kConnectTime{250};  // connect, handshake and probe together
constexpr std::chrono::milliseconds kSweepEvery{10};
constexpr std::chrono::milliseconds kShortestHang{250};  // less may be a short pause of the machine
constexpr std::size_t kUnsentLimit = 16 * 1024 * 1024;   // bytes that wait for the socket; more commands are "unknown"

// Where the replies of one round trip go; in the frame of the waiting coroutine.
struct Answer {
  Reply* replies = nullptr;
  bool complete = false;
};

struct PendingRoundTrip {
  std::optional<Handler> handler;  // empty: fire_and_forget(), or abandoned
  Answer* answer = nullptr;        // valid while there is a `handler`, which owns the frame
  std::uint32_t count = 0;
  std::uint32_t got = 0;
  bool usable = true;
  bool late = false;
  Deadline since{};
  Deadline deadline{};
};

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, Config given)
      : io(context),
        resolver(std::make_shared<Resolver>(context)),
        config(std::move(given)),
        breaker(config.break_after, config.probe_every, steady_clock::now()),
        sweep_timer(context),
        pause(context),
        connected_event(std::make_shared<io::AsyncEvent>()) {}

  // Adds one round trip to the queue; the handler comes from the suspended coroutine.
  struct Enqueue {
    Impl* impl;
    std::span<const Command> commands;
    Answer* answer;
    Deadline now;
    Deadline deadline;
    void operator()(Handler handler) const { impl->enqueue(commands, std::move(handler), answer, now, deadline); }
  };

  static async<> run(std::shared_ptr<Impl> impl);
  async<std::string> probe();
  async<> read_all();
  async<bool> round_trip(const Call& call, std::span<const Command> commands, Reply* replies);
  async<> async_enqueue(Enqueue command);

  bool room_for(std::size_t count) const noexcept {
    return breaker.closed() && in_flight + count <= config.queue_limit && connection->unsent() < kUnsentLimit;
  }
  void enqueue(std::span<const Command> commands, std::optional<Handler> handler, Answer* answer, Deadline now,
               Deadline deadline);
  void on_reply(Reply reply);
  void arm_sweep();
  void sweep();
  void on_lost(std::string_view why);
  void fail_all();
  static void complete(PendingRoundTrip& round_trip, bool success);
  void close();

  asio::io_context& io;
  const std::shared_ptr<Resolver> resolver;
  const Config config;
  CircuitBreaker breaker;
  std::shared_ptr<Connection> connection;
  std::deque<PendingRoundTrip> queue;
  std::size_t in_flight = 0;  // commands, also abandoned ones
  io::Timer sweep_timer;
  bool sweeping = false;
  io::Timer pause;
  std::shared_ptr<io::AsyncEvent> connected_event;
  std::string error = "not yet connected";
  std::function<std::vector<Command>()> pending;
  std::function<void()> delivered;
  bool closed = false;
};

async<> Client::Impl::run(std::shared_ptr<Impl> impl) {
  while (!impl->closed) {
    impl->pause.expires_at(impl->breaker.probe_at());
    co_await impl->pause.async_wait(io::kAsTuple);
    if (impl->closed) break;
    impl->breaker.probe_began(steady_clock::now());
    std::string failure = co_await impl->probe();
    if (impl->closed) break;
    if (!failure.empty()) {
      impl->connection->close();
      impl->breaker.probe_failed();
      if (impl->error != failure) spdlog::warn("redis: not usable: {}", failure);
      impl->error = std::move(failure);
      continue;
    }
    impl->breaker.probe_succeeded(steady_clock::now());
    impl->error.clear();
    spdlog::info("redis: connected");
    impl->connected_event->notify_all();
    co_await impl->read_all();
  }
}

// Reconnects; returns the reason when Redis cannot be used yet, else empty. Ends without a suspension after the last
// call of `pending`, so nothing can become pending before the circuit closes.
async<std::string> Client::Impl::probe() {
  connection = std::make_shared<Connection>(io, resolver);
  connection->arm(steady_clock::now() + kConnectTime);
  std::string failure = co_await connection->open(config, "minschool");
  if (failure.empty()) failure = co_await connection->probe();
  while (failure.empty() && pending) {
    const std::vector<Command> commands = pending();
    if (commands.empty()) break;
    failure = co_await connection->run_all(commands);
    if (failure.empty() && delivered) delivered();
  }
  connection->disarm();
  co_return failure;
}

async<> Client::Impl::read_all() {
  const auto current = connection;
  for (;;) {
    const bool more = co_await current->read();
    if (!more) break;
    Reply reply;
    while (current->next(reply)) on_reply(std::move(reply));
  }
  on_lost(current->close_reason());
}

async<bool> Client::Impl::round_trip(const Call& call, std::span<const Command> commands, Reply* replies) {
  const auto began = steady_clock::now();
  const Deadline deadline = std::min(call.deadline(), began + config.deadline);
  if (deadline <= began || !room_for(commands.size())) co_return false;
  Answer answer{replies};
  co_await async_enqueue(Enqueue{this, commands, &answer, began, deadline});
  // From here on `this` may be destroyed: only the frame and the call are used.
  if (Timing* timing = call.timing()) {
    timing->redis += steady_clock::now() - began;
    ++timing->redis_trips;
  }
  co_return answer.complete;
}

async<> Client::Impl::async_enqueue(Enqueue command) {
  return asio::async_initiate<const io::UseAwaitable, void()>(command, io::kUseAwaitable);
}

void Client::Impl::enqueue(std::span<const Command> commands, std::optional<Handler> handler, Answer* answer,
                           Deadline now, Deadline deadline) {
  for (const auto& command : commands) connection->send(command.wire());
  const auto count = static_cast<std::uint32_t>(commands.size());
  queue.push_back(
      {.handler = std::move(handler), .answer = answer, .count = count, .since = now, .deadline = deadline});
  in_flight += count;
  if (!sweeping) arm_sweep();
}

void Client::Impl::on_reply(Reply reply) {
  if (queue.empty()) {
    on_lost("an answer without a command: " + reply.text);
    return;
  }
  PendingRoundTrip& front = queue.front();
  const bool unusable = is_unusable(reply);
  const bool late = front.late;
  if (unusable) {
    front.usable = false;
    error = reply.text;
  }
  if (front.answer != nullptr) front.answer->replies[front.got] = std::move(reply);
  --in_flight;
  if (++front.got == front.count) {
    complete(front, front.usable);
    queue.pop_front();
  }
  if (unusable) {
    // Redis itself says that it is unusable: no need to wait for more failures in a row, which the reply to another
    // command (a read, where only writes fail) would interrupt.
    if (breaker.lost(steady_clock::now())) {
      spdlog::warn("redis: circuit open: {}", error);
      fail_all();
    }
  } else if (!late) {
    breaker.answered();
  }
}

// The only timer: it stays armed from the first command until a sweep finds nothing in flight, so a client that sends
// seldom pays for it at most once in kSweepEvery.
void Client::Impl::arm_sweep() {
  sweeping = true;
  sweep_timer.expires_after(kSweepEvery);
  sweep_timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    self->sweeping = false;
    if (!cancelled) self->sweep();
  });
}

void Client::Impl::sweep() {
  if (queue.empty()) return;
  const auto now = steady_clock::now();
  if (now - queue.front().since > std::max(2 * config.deadline, kShortestHang)) {
    on_lost("no answer in time");
    return;
  }
  bool opened = false;
  for (auto& round_trip : queue) {
    if (!round_trip.handler || round_trip.deadline > now) continue;
    round_trip.late = true;
    complete(round_trip, false);
    // The missed deadline of a caller with little time left says nothing about Redis.
    if (now - round_trip.since >= config.deadline) opened = breaker.failed(now) || opened;
  }
  if (opened) {
    error = "deadlines missed in a row";
    spdlog::warn("redis: circuit open: {}", error);
    fail_all();
    return;
  }
  arm_sweep();
}

void Client::Impl::on_lost(std::string_view why) {
  if (!breaker.lost(steady_clock::now())) return;
  error = why;
  if (!closed) spdlog::warn("redis: circuit open: {}", why);
  fail_all();
}

void Client::Impl::fail_all() {
  if (connection) connection->close();
  for (auto& round_trip : queue) complete(round_trip, false);
  queue.clear();
  in_flight = 0;
}

void Client::Impl::complete(PendingRoundTrip& round_trip, bool success) {
  if (!round_trip.handler) return;
  round_trip.answer->complete = success;
  round_trip.answer = nullptr;
  Handler handler = std::move(*round_trip.handler);
  round_trip.handler.reset();
  asio::post(std::move(handler));
}

void Client::Impl::close() {
  if (closed) return;
  closed = true;
  on_lost("closed");
  fail_all();
  pause.cancel();
  sweep_timer.cancel();
  connected_event->notify_all();
}

Client::Client(asio::io_context& io, Config config) : impl_(std::make_shared<Impl>(io, std::move(config))) {
  asio::co_spawn(io.get_executor(), Impl::run(impl_), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);
  });
}

Client::~Client() { close(); }

async<std::optional<Reply>> Client::execute(const Call& call, Command command) {
  Reply reply;
  const bool answered = co_await impl_->round_trip(call, std::span(&command, 1), &reply);
  if (!answered) co_return std::nullopt;
  co_return std::optional<Reply>(std::move(reply));
}

async<std::optional<std::vector<Reply>>> Client::execute_all(const Call& call, std::vector<Command> commands) {
  std::vector<Reply> replies(commands.size());
  if (commands.empty()) co_return std::optional(std::move(replies));
  const bool answered = co_await impl_->round_trip(call, commands, replies.data());
  if (!answered) co_return std::nullopt;
  co_return std::optional(std::move(replies));
}

void Client::fire_and_forget(Command command) {
  if (!impl_->room_for(1)) return;
  impl_->enqueue(std::span(&command, 1), std::nullopt, nullptr, steady_clock::now(), Deadline::max());
}

bool Client::up() const noexcept { return impl_->breaker.closed(); }

State Client::state() const {
  return State{.up = up(), .in_flight = impl_->in_flight, .error = impl_->error, .since = impl_->breaker.since()};
}

async<bool> Client::ready(Deadline deadline) {
  const auto impl = impl_;
  while (!impl->breaker.closed() && !impl->closed && steady_clock::now() < deadline) {
    co_await io::AsyncEvent::wait(impl->connected_event, deadline);
  }
  co_return impl->breaker.closed();
}

void Client::trip(std::string_view why) { impl_->on_lost(why); }

void Client::before_up(std::function<std::vector<Command>()> pending, std::function<void()> delivered) {
  impl_->pending = std::move(pending);
  impl_->delivered = std::move(delivered);
}

void Client::close() { impl_->close(); }

}  // namespace ms::redis
