#include "infra/pg/connection.hpp"

#include <boost/asio/post.hpp>

namespace ms::pg {
namespace {

constexpr int kBinary = 1;
const std::string kLost = "the connection to PostgreSQL was lost: ";
constexpr const char* kForgetSql = "deallocate all";

}  // namespace

Connection::Connection(asio::io_context& io, std::chrono::milliseconds patience)
    : io_(io), wire_(std::make_shared<Wire>(io)), patience_(patience) {}

async<void> Connection::open(std::shared_ptr<Connection> self, Parameters parameters) {
  const Deadline limit = std::chrono::steady_clock::now() + parameters.connect_limit();
  co_await Wire::connect(self->wire_, std::move(parameters), limit);
  if (PQenterPipelineMode(self->pg()) != 1) throw std::runtime_error(last_error(self->pg()));
  self->open_ = true;
}

async<std::string> Connection::serve(std::shared_ptr<Connection> self) {
  while (self->open_) {
    co_await Wire::wait(self->wire_, Wire::Event::readable, Deadline::max());
    if (!self->open_) break;
    const bool alive = PQconsumeInput(self->pg()) == 1;
    // Also after a loss: the last words of the server may have come together with the end of the stream.
    self->take_results();
    if (!alive && self->open_) self->lose(last_error(self->pg()));
  }
  co_return self->lost_because_;
}

bool Connection::silent_for(std::chrono::milliseconds limit) const {
  return !groups_.empty() && std::chrono::steady_clock::now() - progress_ > limit;
}

void Connection::send(std::shared_ptr<Exchange> exchange) {
  if (!open_) return exchange->abandon(kLost + lost_because_, true);
  const auto& statements = exchange->statements();
  if (groups_.empty()) progress_ = std::chrono::steady_clock::now();
  load_ += statements.size();

  std::size_t prepares = 0;
  bool fine = true;
  for (std::size_t i = 0; i < statements.size() && fine; ++i) {
    if (!prepared_.insert(statements[i].query.name).second) continue;
    ++prepares;
    fine = prepare(exchange, i);
  }
  exchange->sent(prepares + 1);
  for (std::size_t i = 0; i < statements.size() && fine; ++i) fine = queue(statements[i]);
  // One Sync for all: libpq 15 writes to the socket at each, and the server ends a transaction at each.
  if (fine) fine = close_group({Purpose::statements, exchange, 0, statements.size()});
  if (!fine) {
    const std::string why = last_error(pg());
    exchange->abandon(kLost + why, true);  // it may not stand in any group yet
    lose(why);
    return;
  }
  flush_soon();
}

bool Connection::prepare(const std::shared_ptr<Exchange>& exchange, std::size_t index) {
  const Query& query = exchange->statements()[index].query;
  return PQsendPrepare(pg(), query.name, query.sql, 0, nullptr) == 1 &&
         close_group({Purpose::prepare, exchange, index, 1});
}

bool Connection::queue(const Exchange::Statement& statement) {
  std::vector<const char*> values;
  values.reserve(statement.values.size());
  for (const Param& value : statement.values) values.push_back(value ? value->c_str() : nullptr);
  return PQsendQueryPrepared(pg(), statement.query.name, static_cast<int>(values.size()), values.data(), nullptr,
                             nullptr, kBinary) == 1;
}

bool Connection::close_group(Group group) {
  groups_.push_back(std::move(group));
  return PQpipelineSync(pg()) == 1;
}

void Connection::forget_prepared() {
  // Everything sent before stands before this in the row, everything later is prepared anew behind it.
  prepared_.clear();
  const bool fine = PQsendQueryParams(pg(), kForgetSql, 0, nullptr, nullptr, nullptr, nullptr, kBinary) == 1 &&
                    close_group({Purpose::forget, nullptr, 0, 1});
  if (fine) {
    flush_soon();
  } else {
    lose(last_error(pg()));
  }
}

void Connection::flush_soon() {
  // Once per turn of the event loop: many requests that run in the same turn share one write.
  if (flush_posted_) return;
  flush_posted_ = true;
  asio::post(io_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Connection::flush() {
  if (!open_ || waiting_writable_) return;
  const int left = PQflush(pg());
  if (left < 0) {
    PQconsumeInput(pg());
    take_results();  // what the server said before it closed tells more than "broken pipe"
    if (open_) lose(last_error(pg()));
  } else if (left > 0) {
    waiting_writable_ = true;
    wire_->when(Wire::Event::writable, [self = shared_from_this()](bool ready) {
      self->waiting_writable_ = false;
      if (ready) self->flush();
    });
  }
}

void Connection::take_results() {
  int nulls = 0;
  while (open_ && !groups_.empty() && PQisBusy(pg()) == 0) {
    ResultPtr result(PQgetResult(pg()));
    if (result) {
      nulls = 0;
      progress_ = std::chrono::steady_clock::now();
      take(std::move(result));
    } else if (++nulls > 1) {
      // One NULL ends a statement; two mean that libpq waits for nothing more although a Sync is missing.
      lose(last_error(pg()));
    }
  }
}

void Connection::take(ResultPtr result) {
  Group& group = groups_.front();
  switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC:
      finish_group();
      return;
    case PGRES_PIPELINE_ABORTED:
      ++group.seen;
      return;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      if (group.purpose == Purpose::statements && group.seen < group.count) {
        group.exchange->keep(group.first + group.seen, std::move(result));
      }
      ++group.seen;
      return;
    case PGRES_FATAL_ERROR:
      if (ends_session(result.get())) {
        const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        lose(message != nullptr ? std::string(message) : last_error(pg()));
      } else {
        take_failure(group, result.get());
      }
      return;
    default:
      lose("a statement that cannot run in a pipeline, such as COPY, was sent");
  }
}

void Connection::take_failure(Group& group, const PGresult* result) {
  if (group.purpose == Purpose::forget) return lose("the server did not forget the prepared statements");
  // An error that comes after all results is one of the commit, such as a deferred constraint.
  const std::size_t index = group.first + std::min(group.seen, group.count - 1);
  const char* name = group.exchange->statements()[index].query.name;
  if (group.purpose == Purpose::prepare) prepared_.erase(name);
  ++group.seen;
  Failure failure = read_failure(result, name);
  const bool stale = failure.kind == Failure::Kind::stale;
  const bool demoted = failure.sqlstate == "25006";
  const bool first = group.exchange->fail(std::move(failure));
  if (first && stale) forget_prepared();
  if (demoted) lose("the server has become read-only");
}

void Connection::finish_group() {
  const Group group = std::move(groups_.front());
  groups_.pop_front();
  if (group.exchange && group.exchange->answered()) load_ -= group.exchange->statements().size();
}

void Connection::give_up_late(Deadline now) {
  if (silent_for(patience_)) {
    lose("PostgreSQL did not answer for longer than its statement_timeout");
    return;
  }
  for (const Group& group : groups_) {
    if (group.exchange && group.exchange->deadline() <= now) group.exchange->abandon("the deadline passed", false);
  }
}

void Connection::lose(std::string why) {
  if (!lost_because_.empty()) return;
  lost_because_ = std::move(why);
  open_ = false;
  load_ = 0;
  const auto groups = std::exchange(groups_, {});
  for (const Group& group : groups) {
    if (group.exchange) group.exchange->abandon(kLost + lost_because_, true);
  }
  wire_->close();
}

}  // namespace ms::pg
