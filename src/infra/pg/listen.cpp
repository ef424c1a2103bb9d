#include "infra/pg/listen.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "infra/io/use_awaitable.hpp"
#include "infra/pg/backoff.hpp"
#include "infra/pg/wire.hpp"

namespace ms::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kProofEach{1000};
constexpr milliseconds kAnswerLimit{1000};
/// One period and one answer: with a healthy server live() never becomes false in between.
constexpr milliseconds kProofHolds = kProofEach + kAnswerLimit;
constexpr const char* kProofSql = "select 1";
constexpr const char* kBackendPidSql = "select pg_backend_pid();";

struct NotifyDeleter {
  void operator()(PGnotify* notify) const noexcept { PQfreemem(notify); }
};

}  // namespace

struct Listener::Impl {
  Impl(asio::io_context& context, const std::string& conninfo, std::vector<std::string> names, OnMessage message,
       OnGap gap)
      : io(context),
        resolver(std::make_shared<Resolver>(context)),
        parameters(conninfo, "minschool-listen"),
        channels(std::move(names)),
        on_message(std::move(message)),
        on_gap(std::move(gap)),
        pause(io.get_executor()) {
    parameters.add_setting("statement_timeout", std::to_string(kAnswerLimit.count()) + "ms");
    parameters.add_setting("idle_session_timeout", "0");
  }

  static async<void> run(std::shared_ptr<Impl> self);
  static async<void> receive_all(std::shared_ptr<Impl> self);
  static async<void> ask(std::shared_ptr<Impl> self, std::string sql);
  static async<void> rest(std::shared_ptr<Impl> self, Deadline until);
  void read();
  void notice_pooler(const PGresult* result);
  std::string listen_sql() const;

  asio::io_context& io;
  std::shared_ptr<Resolver> resolver;
  Parameters parameters;
  std::vector<std::string> channels;
  OnMessage on_message;
  OnGap on_gap;
  io::Timer pause;
  std::shared_ptr<Wire> wire;
  Deadline proven{};  ///< when the last answered query was sent
  bool connected = false;
  bool closed = false;
};

Listener::Listener(asio::io_context& io, const std::string& conninfo, std::vector<std::string> channels,
                   OnMessage on_message, OnGap on_gap)
    : impl_(std::make_shared<Impl>(io, conninfo, std::move(channels), std::move(on_message), std::move(on_gap))) {
  asio::co_spawn(io, Impl::run(impl_), asio::detached);
}

Listener::~Listener() { close(); }

void Listener::close() {
  impl_->closed = true;
  impl_->connected = false;
  impl_->pause.cancel();
  if (impl_->wire) impl_->wire->close();
}

bool Listener::live() const { return impl_->connected && steady_clock::now() - impl_->proven < kProofHolds; }

async<void> Listener::Impl::run(std::shared_ptr<Impl> self) {
  Backoff backoff;
  std::string last_reason;
  while (!self->closed) {
    const Deadline since = steady_clock::now();
    std::string why;
    self->wire = std::make_shared<Wire>(self->io);
    try {
      co_await receive_all(self);
    } catch (const std::exception& broken) { why = broken.what(); }
    self->wire->close();
    if (self->closed) break;
    if (why != last_reason) spdlog::warn("PostgreSQL: minschool-listen: {}", why);
    last_reason = why;
    if (std::exchange(self->connected, false)) {
      backoff.on_disconnect(steady_clock::now() - since);
      self->on_gap(false);
    }
    self->pause.expires_after(backoff.next());
    co_await self->pause.async_wait(io::kAsTuple);
  }
}

/// Listens until the connection is lost, which it reports by throwing.
async<void> Listener::Impl::receive_all(std::shared_ptr<Impl> self) {
  co_await Wire::connect(self->wire, self->resolver, self->parameters);
  Deadline sent = steady_clock::now();
  co_await ask(self, self->listen_sql());
  self->proven = sent;
  self->connected = true;
  self->on_gap(true);
  while (!self->closed) {
    co_await rest(self, sent + kProofEach);
    sent = steady_clock::now();
    co_await ask(self, kProofSql);
    self->proven = sent;
  }
}

std::string Listener::Impl::listen_sql() const {
  std::string sql = kBackendPidSql;
  for (const std::string& channel : channels) {
    char* quoted = PQescapeIdentifier(wire->get(), channel.data(), channel.size());
    if (quoted == nullptr) throw std::runtime_error(last_error(wire->get()));
    sql.append("listen ").append(quoted).append(";");
    PQfreemem(quoted);
  }
  return sql;
}

/// Whether another process answers than the one that was connected to: in a pooler's transaction mode LISTEN, prepared
/// statements and settings are lost between two statements.
void Listener::Impl::notice_pooler(const PGresult* result) {
  if (PQntuples(result) != 1 || std::string_view(PQfname(result, 0)) != "pg_backend_pid") return;
  if (PQgetvalue(result, 0, 0) == std::to_string(PQbackendPID(wire->get()))) return;
  spdlog::error(
      "PostgreSQL: a pooler stands between: it must be in session mode, or [database] url name PostgreSQL itself "
      "(docs/operating.md)");
}

/// Reads what has arrived and delivers the notifications.
void Listener::Impl::read() {
  if (PQconsumeInput(wire->get()) != 1) throw std::runtime_error(last_error(wire->get()));
  while (!closed) {
    const std::unique_ptr<PGnotify, NotifyDeleter> notify(PQnotifies(wire->get()));
    if (!notify) break;
    on_message(notify->relname, notify->extra);
  }
  if (closed) throw std::runtime_error("closed");
}

/// Sends a query and waits for its answer at most kAnswerLimit.
async<void> Listener::Impl::ask(std::shared_ptr<Impl> self, std::string sql) {
  const Deadline limit = steady_clock::now() + kAnswerLimit;
  if (self->closed || PQsendQuery(self->wire->get(), sql.c_str()) != 1) {
    throw std::runtime_error(self->closed ? "closed" : last_error(self->wire->get()));
  }
  while (PQflush(self->wire->get()) == 1) {
    const bool ready = co_await Wire::wait(self->wire, Wire::Event::writable, limit);
    if (!ready) throw std::runtime_error("the server takes no more");
  }
  for (;;) {
    while (PQisBusy(self->wire->get()) == 0) {
      const ResultPtr result(PQgetResult(self->wire->get()));
      if (!result) {
        self->read();  // what came with the answer does not make the socket readable again
        co_return;
      }
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) throw std::runtime_error(last_error(self->wire->get()));
      self->notice_pooler(result.get());
    }
    const bool ready = co_await Wire::wait(self->wire, Wire::Event::readable, limit);
    if (!ready) throw std::runtime_error("the server did not answer");
    self->read();
  }
}

/// Delivers notifications until the next proof is due.
async<void> Listener::Impl::rest(std::shared_ptr<Impl> self, Deadline until) {
  while (steady_clock::now() < until) {
    const bool ready = co_await Wire::wait(self->wire, Wire::Event::readable, until);
    if (self->closed) throw std::runtime_error("closed");
    if (ready) self->read();
  }
}

}  // namespace ms::pg
