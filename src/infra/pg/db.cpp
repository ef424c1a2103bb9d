#include "infra/pg/db.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <unordered_map>

#include "infra/io/use_awaitable.hpp"
#include "infra/pg/backoff.hpp"
#include "infra/pg/connection.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How late a deadline may be noticed. One timer for all callers is cheaper than one timer for each.
constexpr milliseconds kSweep{25};
/// Without a connection for longer than this, calls fail at once, because they would only wait for their deadlines.
constexpr milliseconds kDownGrace{500};
/// When no fast connection gets an answer for longer, the network is cut or the server hangs. Less than the time of a
/// request (http.answer_ms), so that one that waited in vain can still be passed to another app server.
constexpr milliseconds kSilence{1000};
/// After so long without an answer on the slow lane, the fast lane checks whether the server is alive. Twice this and
/// kSilence together are less than the time of a request.
constexpr milliseconds kAskAfter{250};
constexpr Query kAlive{"pg.alive", "select 1"};
/// How much longer than statement_timeout a server may be silent before it counts as hanging.
constexpr milliseconds kHangGrace{1000};
/// We never leave a transaction open; this ends one whose client machine died in the middle.
constexpr const char* kIdleInTransaction = "10s";

/// Adds what one send() cost to the request's timing.
class RoundTripTimer {
 public:
  explicit RoundTripTimer(Timing* timing) noexcept : timing_(timing) {}
  RoundTripTimer(const RoundTripTimer&) = delete;
  RoundTripTimer& operator=(const RoundTripTimer&) = delete;
  ~RoundTripTimer() {
    if (timing_ != nullptr) timing_->pg += steady_clock::now() - start_;
  }
  void count() noexcept {
    if (timing_ != nullptr) ++timing_->pg_trips;
  }

 private:
  Timing* timing_;
  Deadline start_ = steady_clock::now();
};

}  // namespace

struct Db::Impl : std::enable_shared_from_this<Db::Impl> {
  /// The connections of one Lane.
  struct Pool {
    Pool(const Config& config, Lane lane);

    /// The open connection with the shortest queue, or null.
    std::shared_ptr<Connection> least_loaded() const;
    bool answering(milliseconds patience) const;
    /// One of its connections has waited for an answer for longer.
    bool silent_for(milliseconds limit) const;
    bool received_within(milliseconds limit) const;

    Parameters parameters;
    milliseconds timeout;
    std::vector<std::shared_ptr<Connection>> connections;  ///< null before the first attempt
  };

  Impl(asio::io_context& context, Config given)
      : io(context),
        config(std::move(given)),
        fast(config, Lane::fast),
        slow(config, Lane::slow),
        resolver(std::make_shared<Resolver>(io)),
        sweep_timer(io.get_executor()) {}

  int size() const { return static_cast<int>(fast.connections.size() + slow.connections.size()); }
  Pool& pool(Lane lane) { return lane == Lane::fast || slow.connections.empty() ? fast : slow; }
  void start();
  void submit(const std::shared_ptr<Exchange>& exchange, Lane lane, Deadline deadline);
  void check_names(const Exchange& exchange);
  void close();
  State state() const;
  /// The server has not answered for so long that waiting for a connection is not worth it.
  bool down_for_long(Deadline now) const { return !up && now - up_changed > kDownGrace; }

  static async<void> keep_connected(std::shared_ptr<Impl> self, Pool* pool, std::size_t place);
  void opened(Pool& pool, const std::shared_ptr<Connection>& connection);
  void failed(Pool& pool, const std::string& why);
  void sweep_soon();
  void sweep();
  void drop_waiting(Deadline now);
  void check_alive(Deadline now);
  void note_up();

  asio::io_context& io;
  Config config;
  Pool fast;
  Pool slow;
  std::shared_ptr<Resolver> resolver;
  io::Timer sweep_timer;
  bool sweeping = false;
  bool closed = false;
  bool up = false;
  Deadline up_changed = steady_clock::now();
  std::string error = "not connected yet";
  std::deque<std::shared_ptr<Exchange>> waiting;          ///< for a connection, of either lane
  std::vector<std::shared_ptr<io::Timer>> pauses;         ///< of the connections that wait for their next attempt
  std::vector<std::shared_ptr<io::Timer>> ready_waiters;  ///< cancelled when a fast connection opens
  std::unordered_map<std::string_view, const char*> names;
};

Db::Impl::Pool::Pool(const Config& config, Lane lane)
    : parameters(config.conninfo, lane == Lane::fast ? "minschool-fast" : "minschool-slow"),
      timeout(lane == Lane::fast ? config.fast_timeout : config.slow_timeout),
      connections(static_cast<std::size_t>(lane == Lane::fast ? config.fast_connections : config.slow_connections)) {
  parameters.add_setting("statement_timeout", std::to_string(timeout.count()) + "ms");
  parameters.add_setting("idle_in_transaction_session_timeout", kIdleInTransaction);
  parameters.add_setting("idle_session_timeout", "0");
  if (config.generic_plans) parameters.add_setting("plan_cache_mode", "force_generic_plan");
}

std::shared_ptr<Connection> Db::Impl::Pool::least_loaded() const {
  std::shared_ptr<Connection> best;
  for (const auto& connection : connections) {
    if (!connection || !connection->is_open()) continue;
    if (!best || connection->load() < best->load()) best = connection;
  }
  return best;
}

/// An idle connection proves nothing: while none has received anything, one that waits in vain decides for all.
bool Db::Impl::Pool::answering(milliseconds patience) const {
  bool open = false;
  bool silent = false;
  for (const auto& connection : connections) {
    if (!connection || !connection->is_open()) continue;
    if (connection->received_within(patience)) return true;
    open = true;
    silent = silent || connection->silent_for(patience);
  }
  return open && !silent;
}

bool Db::Impl::Pool::silent_for(milliseconds limit) const {
  return std::ranges::any_of(connections, [limit](const auto& each) { return each && each->silent_for(limit); });
}

bool Db::Impl::Pool::received_within(milliseconds limit) const {
  return std::ranges::any_of(connections, [limit](const auto& each) { return each && each->received_within(limit); });
}

void Db::Impl::start() {
  for (Pool* pool : {&fast, &slow}) {
    for (std::size_t place = 0; place < pool->connections.size(); ++place) {
      asio::co_spawn(io, keep_connected(shared_from_this(), pool, place), asio::detached);
    }
  }
}

async<void> Db::Impl::keep_connected(std::shared_ptr<Impl> self, Pool* pool, std::size_t place) {
  const auto pause = std::make_shared<io::Timer>(self->io.get_executor());
  self->pauses.push_back(pause);
  Backoff backoff;
  while (!self->closed) {
    const auto connection = std::make_shared<Connection>(self->io, pool->timeout + kHangGrace);
    pool->connections[place] = connection;
    std::string why;
    try {
      co_await Connection::open(connection, self->resolver, pool->parameters);
    } catch (const std::exception& failure) { why = failure.what(); }
    if (connection->is_open()) {
      self->opened(*pool, connection);
      const Deadline since = steady_clock::now();
      why = co_await Connection::run(connection);
      backoff.on_disconnect(steady_clock::now() - since);
    }
    if (self->closed) break;
    self->failed(*pool, why);
    pause->expires_after(backoff.next());
    co_await pause->async_wait(io::kAsTuple);
  }
}

void Db::Impl::opened(Pool& pool, const std::shared_ptr<Connection>& connection) {
  spdlog::info("PostgreSQL: connected, {}", pool.parameters.get("application_name"));
  error.clear();
  note_up();
  if (&pool != &fast) return;
  for (auto& exchange : std::exchange(waiting, {})) connection->send(std::move(exchange));
  for (const auto& waiter : std::exchange(ready_waiters, {})) waiter->cancel();
}

void Db::Impl::failed(Pool& pool, const std::string& why) {
  note_up();
  // The same error again and again while the server is down is logged once.
  if (why != error) spdlog::warn("PostgreSQL: {}: {}", pool.parameters.get("application_name"), why);
  error = why;
}

void Db::Impl::note_up() {
  const bool answering = fast.answering(std::min(fast.timeout, kSilence));
  if (answering == up) return;
  up = answering;
  up_changed = steady_clock::now();
}

/// On the slow lane a long silence may be a long statement. A query on the fast lane shows whether the server still
/// answers.
void Db::Impl::check_alive(Deadline now) {
  const auto connection = fast.least_loaded();
  if (!connection || connection->load() > 0 || !slow.silent_for(kAskAfter) || fast.received_within(kAskAfter)) return;
  const auto query = std::make_shared<Exchange>(io, Exchange::Kind::batch);
  query->add(kAlive, {});
  query->begin(now + kSilence);
  connection->send(query);
}

void Db::Impl::check_names(const Exchange& exchange) {
  for (const auto& statement : exchange.statements()) {
    const Query& query = statement.query;
    const auto [entry, added] = names.try_emplace(query.name, query.sql);
    if (!added && entry->second != query.sql && std::strcmp(entry->second, query.sql) != 0) {
      throw std::logic_error(std::string(query.name) + ": the name is used for two different statements");
    }
  }
}

void Db::Impl::submit(const std::shared_ptr<Exchange>& exchange, Lane lane, Deadline deadline) {
  // While the slow lane reconnects, slow statements use the fast lane.
  const bool use_fast = &pool(lane) == &slow && !slow.least_loaded() && fast.least_loaded();
  Pool& chosen = use_fast ? fast : pool(lane);
  const Deadline now = steady_clock::now();
  check_names(*exchange);
  if (closed) throw Unavailable("the database client is closed", false);
  if (deadline <= now) throw Unavailable("the deadline passed before anything was sent", false);
  const auto connection = chosen.least_loaded();
  if (!connection) {
    if (down_for_long(now)) throw Unavailable("the database is down: " + error, false);
    if (waiting.size() >= config.queue_limit) throw Unavailable("too many requests wait for the database", false);
  } else if (connection->load() > 0 && connection->load() + exchange->statements().size() > config.queue_limit) {
    throw Unavailable("the database cannot keep up: too many statements in flight", false);
  }
  exchange->begin(deadline);
  if (connection) {
    connection->send(exchange);
  } else {
    waiting.push_back(exchange);
  }
  sweep_soon();
}

void Db::Impl::sweep_soon() {
  if (sweeping || closed) return;
  sweeping = true;
  sweep_timer.expires_after(kSweep);
  sweep_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->sweep();
  });
}

void Db::Impl::sweep() {
  sweeping = false;
  const Deadline now = steady_clock::now();
  for (const Pool* each : {&fast, &slow}) {
    for (const auto& connection : each->connections) {
      if (connection && connection->is_open()) connection->expire(now);
    }
  }
  check_alive(now);
  note_up();
  drop_waiting(now);
  const State current = state();
  if (current.in_flight + current.waiting > 0) sweep_soon();
}

void Db::Impl::drop_waiting(Deadline now) {
  std::erase_if(waiting, [&](const auto& exchange) {
    if (!down_for_long(now) && exchange->deadline() > now) return false;
    exchange->abandon("the database is down: " + error, false);
    return true;
  });
}

State Db::Impl::state() const {
  State out;
  for (const Pool* each : {&fast, &slow}) {
    for (const auto& connection : each->connections) {
      ++out.wanted;
      if (!connection || !connection->is_open()) continue;
      ++out.connections;
      out.busy += connection->load() > 0 ? 1 : 0;
      out.in_flight += static_cast<int>(connection->load());
    }
  }
  out.waiting = static_cast<int>(waiting.size());
  out.up = up;
  out.back_soon = !up && !fast.least_loaded() && !down_for_long(steady_clock::now());
  if (!up) out.error = error;
  out.since = up_changed;
  return out;
}

void Db::Impl::close() {
  closed = true;
  sweep_timer.cancel();
  for (const auto& pause : pauses) pause->cancel();
  for (const auto& waiter : std::exchange(ready_waiters, {})) waiter->cancel();
  for (Pool* each : {&fast, &slow}) {
    for (const auto& connection : each->connections) {
      if (connection) connection->fail_connection("closed");
    }
  }
  for (const auto& exchange : std::exchange(waiting, {})) exchange->abandon("the client is closed", false);
  error = "closed";
  note_up();
}

Db::Db(asio::io_context& io, Config config) : impl_(std::make_shared<Impl>(io, std::move(config))) { impl_->start(); }
Db::~Db() { close(); }
void Db::close() { impl_->close(); }
State Db::state() const { return impl_->state(); }

async<bool> Db::ready(Deadline deadline) {
  const auto impl = impl_;
  if (!impl->fast.least_loaded() && !impl->closed) {
    const auto timer = std::make_shared<io::Timer>(impl->io.get_executor(), deadline);
    impl->ready_waiters.push_back(timer);
    co_await timer->async_wait(io::kAsTuple);
    std::erase(impl->ready_waiters, timer);
  }
  co_return impl->fast.least_loaded() != nullptr;
}

Batch::Batch(Db& db, const Call& call, Lane lane, bool shares)
    : Statements(std::make_shared<Exchange>(db.impl_->io, shares ? Exchange::Kind::reads : Exchange::Kind::batch)),
      db_(db),
      call_(call),
      lane_(lane) {}

Transaction::Transaction(Db& db, const Call& call, Lane lane)
    : Statements(std::make_shared<Exchange>(db.impl_->io, Exchange::Kind::transaction)),
      db_(db),
      call_(call),
      lane_(lane) {}

async<void> Batch::send() {
  const auto impl = db_.impl_;
  const auto exchange = exchange_;
  if (exchange->statements().empty()) co_return;
  RoundTripTimer trip(call_.timing());
  bool repeat = true;
  for (int attempt = 1; repeat; ++attempt) {
    impl->submit(exchange, lane_, call_.deadline());
    trip.count();
    co_await exchange->done();
    // Reads change nothing, so a lost connection or an outdated plan costs the caller only time. After a restart of the
    // server each connection turns out dead once.
    repeat = attempt == 1 && exchange->may_be_repeated();
    if (exchange->was_lost()) repeat = attempt <= impl->size();
  }
  exchange->check_available();
  if (const auto& failure = exchange->failure()) throw StatementFailed(failure->text, failure->sqlstate);
}

async<Result<void>> Transaction::commit() {
  const auto impl = db_.impl_;
  const auto exchange = exchange_;
  if (exchange->statements().empty()) co_return Result<void>();
  RoundTripTimer trip(call_.timing());
  bool repeat = true;
  for (int attempt = 1; repeat; ++attempt) {
    impl->submit(exchange, lane_, call_.deadline());
    trip.count();
    co_await exchange->done();
    // Only when the server said that it rolled back; after a lost connection the outcome is unknown.
    repeat = attempt == 1 && exchange->may_be_repeated();
  }
  exchange->check_available();
  if (const auto& failure = exchange->failure()) {
    // A constraint without a text for members (table [db] of ko.toml) only catches bugs of ours.
    const auto& refusal = failure->refusal;
    const bool has_no_text =
        refusal && refusal->message.key.starts_with("db.") && tr(refusal->message) == refusal->message.key;
    if (refusal && !has_no_text) co_return Unexpected(*refusal);
    throw StatementFailed(failure->text, failure->sqlstate);
  }
  if (exchange->purge()) call_.note_purge();
  co_return Result<void>();
}

}  // namespace ms::pg
