#include "infra/pg/connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "infra/core/invariant.hpp"
#include "infra/core/text.hpp"

namespace ms::pg {
namespace {

constexpr int kBinary = 1;
/// Reads that share a Sync: with more, more are sent again when one of them fails.
constexpr std::size_t kMaxTogether = 16;
const std::string kLost = "the connection to PostgreSQL was lost: ";
constexpr const char* kDeallocateSql = "deallocate all";
constexpr std::string_view kPurge = "MS001";  // SQLSTATE of the notice of ms_purge

}  // namespace

Connection::Connection(asio::io_context& io, std::chrono::milliseconds patience)
    : io_(io), wire_(std::make_shared<Wire>(io)), patience_(patience) {}

async<void> Connection::open(std::shared_ptr<Connection> self, std::shared_ptr<Resolver> resolver,
                             Parameters parameters) {
  const std::string attributes = parameters.get("target_session_attrs");
  self->fails_over_ = !attributes.empty() && attributes != "any";
  co_await Wire::connect(self->wire_, std::move(resolver), std::move(parameters));
  // The start packet asks for it, but a pooler in between may not have passed that on.
  const char* encoding = PQparameterStatus(self->pg(), "client_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
    throw std::runtime_error(std::string("the connection is not in UTF8 but in ") + (encoding ? encoding : "nothing"));
  }
  if (PQenterPipelineMode(self->pg()) != 1) throw std::runtime_error(last_error(self->pg()));
  PQsetNoticeReceiver(self->pg(), on_notice, self.get());  // owner of the wire
  self->open_ = true;
  self->last_received_ = std::chrono::steady_clock::now();
}

async<std::string> Connection::run(std::shared_ptr<Connection> self) {
  while (self->open_) {
    co_await Wire::wait(self->wire_, Wire::Event::readable, Deadline::max());
    if (!self->open_) break;
    const bool alive = PQconsumeInput(self->pg()) == 1;
    // Also after a loss: the server's last message may have come together with the end of the stream.
    self->read_results();
    if (!alive && self->open_) self->fail_connection(last_error(self->pg()));
  }
  co_return self->lost_because_;
}

bool Connection::silent_for(std::chrono::milliseconds limit) const {
  return !groups_.empty() && std::chrono::steady_clock::now() - progress_ > limit;
}

bool Connection::received_within(std::chrono::milliseconds limit) const {
  return std::chrono::steady_clock::now() - last_received_ <= limit;
}

bool Connection::Group::complete() const {
  return std::ranges::all_of(parts, [](const Part& part) { return part.received >= part.count; });
}

void Connection::send(std::shared_ptr<Exchange> exchange) {
  if (!open_) return exchange->abandon(kLost + lost_because_, true);
  if (groups_.empty()) progress_ = std::chrono::steady_clock::now();
  load_ += exchange->statements().size();
  put(exchange, exchange->kind() == Exchange::Kind::reads);
}

void Connection::put(const std::shared_ptr<Exchange>& exchange, bool shares) {
  const auto& statements = exchange->statements();
  std::size_t prepares = 0;
  bool ok = true;
  for (std::size_t i = 0; i < statements.size() && ok; ++i) {
    if (!prepared_.insert(statements[i].query.name).second) continue;
    ++prepares;
    ok = prepare(exchange, i);
  }
  exchange->sent(prepares + 1);
  Group* const joined = shares ? open_group() : nullptr;
  if (ok && joined != nullptr) {
    joined->parts.push_back({exchange, 0, statements.size()});
    ok = queue(exchange);
  } else if (ok) {
    ok = add_group(Purpose::statements, {exchange, 0, statements.size()}) && queue(exchange);
    // Reads wait for other reads until the end of this turn.
    if (ok && !shares) ok = close_group();
  }
  if (!ok) exchange->abandon(kLost + last_error(pg()), true);  // it may not be in any group yet
  if (!check_ok(ok)) flush_soon();
}

bool Connection::check_ok(bool ok) {
  if (!ok) fail_connection(last_error(pg()));
  return !ok;
}

bool Connection::prepare(const std::shared_ptr<Exchange>& exchange, std::size_t index) {
  const Query& query = exchange->statements()[index].query;
  return add_group(Purpose::prepare, {exchange, index, 1}) &&
         PQsendPrepare(pg(), query.name, query.sql, 0, nullptr) == 1 && close_group();
}

bool Connection::queue(const std::shared_ptr<Exchange>& exchange) {
  return std::ranges::all_of(exchange->statements(), [this](const auto& statement) { return queue(statement); });
}

bool Connection::queue(const Exchange::Statement& statement) {
  std::vector<const char*> values;
  values.reserve(statement.values.size());
  for (const Param& value : statement.values) values.push_back(value ? value->c_str() : nullptr);
  return PQsendQueryPrepared(pg(), statement.query.name, static_cast<int>(values.size()), values.data(), nullptr,
                             nullptr, kBinary) == 1;
}

Connection::Group* Connection::open_group() {
  if (groups_.empty() || groups_.back().closed || groups_.back().parts.size() >= kMaxTogether) return nullptr;
  return &groups_.back();
}

/// Adds a group at the end; the group before it gets its Sync now.
bool Connection::add_group(Purpose purpose, Part part) {
  if (!close_group()) return false;
  groups_.push_back({purpose, {std::move(part)}});
  return true;
}

/// libpq 15 writes to the socket at each Sync, and the server ends a transaction at each.
bool Connection::close_group() {
  if (groups_.empty() || groups_.back().closed) return true;
  groups_.back().closed = true;
  return PQpipelineSync(pg()) == 1;
}

void Connection::deallocate_prepared() {
  // Everything sent earlier runs before this statement; everything later is prepared again after it.
  prepared_.clear();
  const bool ok = add_group(Purpose::deallocate, {nullptr, 0, 1}) &&
                  PQsendQueryParams(pg(), kDeallocateSql, 0, nullptr, nullptr, nullptr, nullptr, kBinary) == 1 &&
                  close_group();
  if (!check_ok(ok)) flush_soon();
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
  if (!open_ || check_ok(close_group()) || waiting_writable_) return;
  const int left = PQflush(pg());
  if (left < 0) {
    PQconsumeInput(pg());
    read_results();  // what the server sent before it closed says more than "check_ok pipe"
    if (open_) fail_connection(last_error(pg()));
  } else if (left > 0) {
    waiting_writable_ = true;
    wire_->when(Wire::Event::writable, [self = shared_from_this()](bool ready) {
      self->waiting_writable_ = false;
      if (ready) self->flush();
    });
  }
}

void Connection::read_results() {
  int nulls = 0;
  // A group without its Sync may have all its results already, when it did not fit into libpq's buffer.
  while (open_ && !groups_.empty() && (groups_.front().closed || !groups_.front().complete()) && PQisBusy(pg()) == 0) {
    ResultPtr result(PQgetResult(pg()));
    if (result) {
      nulls = 0;
      progress_ = last_received_ = std::chrono::steady_clock::now();
      take(std::move(result));
    } else if (++nulls > 1) {
      // One NULL ends a statement; two mean that libpq expects no more results although a Sync is missing.
      fail_connection(last_error(pg()));
    }
  }
}

/// A notice comes before the result of the statement that raised it. It belongs to the front group's transaction, which
/// has the group to itself; reads raise no notices.
void Connection::on_notice(void* self, const PGresult* notice) {
  const char* sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  auto& groups = static_cast<Connection*>(self)->groups_;
  if (sqlstate == nullptr || std::string_view(sqlstate) != kPurge) {
    return spdlog::info("PostgreSQL: {}", trim(PQresultErrorMessage(notice)));
  }
  if (groups.empty()) return;
  for (const Part& part : groups.front().parts) {
    if (part.exchange) part.exchange->notice_purge();
  }
}

void Connection::take(ResultPtr result) {
  Group& group = groups_.front();
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_PIPELINE_SYNC) return finish_group();
  while (group.at + 1 < group.parts.size() && group.parts[group.at].received == group.parts[group.at].count) ++group.at;
  Part& part = group.parts[group.at];
  switch (status) {
    case PGRES_PIPELINE_ABORTED:
      ++part.received;
      return;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      if (group.purpose == Purpose::statements && part.received < part.count) {
        part.exchange->set_result(part.first + part.received, std::move(result));
      }
      ++part.received;
      return;
    case PGRES_FATAL_ERROR:
      if (ends_session(result.get())) {
        const char* message = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        fail_connection(message != nullptr ? std::string(message) : last_error(pg()));
      } else {
        on_failure(group, result.get());
      }
      return;
    default:
      fail_connection("a statement that cannot run in a pipeline, such as COPY, was sent");
  }
}

void Connection::on_failure(Group& group, const PGresult* result) {
  if (group.purpose == Purpose::deallocate) return fail_connection("the server kept the prepared statements");
  group.failed = true;
  // An error after all results belongs to the commit, such as a deferred constraint: sent alone, each shows whose it
  // is.
  if (group.parts.size() > 1 && group.complete()) return;
  Part& part = group.parts[group.at];
  const std::size_t index = part.first + std::min(part.received, part.count - 1);
  const auto exchange = part.exchange;
  const char* name = exchange->statements()[index].query.name;
  if (group.purpose == Purpose::prepare) prepared_.erase(name);
  ++part.received;
  part.failed = true;
  Failure failure = read_failure(result, name);
  const bool stale = failure.kind == Failure::Kind::stale;
  const bool demoted = failure.sqlstate == "25006";
  const bool first = exchange->fail(std::move(failure));
  if (first && stale) deallocate_prepared();
  // Another host may take writes; without another host, reads go on here.
  if (demoted && fails_over_) fail_connection("the server has become read-only");
}

void Connection::finish_group() {
  // Otherwise results could go to the wrong statements: one member would see another's data.
  const Group& first_group = groups_.front();
  const bool whole = first_group.failed || std::ranges::all_of(first_group.parts, [](const Part& part) {
                       return part.received == part.count;
                     });
  if (!invariant(first_group.closed && whole, "a Sync came before its group's results, or after too many")) {
    return fail_connection("results do not match their statements");
  }
  const Group group = std::move(groups_.front());
  groups_.pop_front();
  for (const auto& [exchange, first, count, received, failed] : group.parts) {
    if (!exchange) continue;
    if (!group.failed || failed || exchange->is_done()) {
      finish(exchange);
    } else if (open_) {
      put(exchange, false);
    } else {
      exchange->abandon(kLost + lost_because_, true);
    }
  }
}

void Connection::finish(const std::shared_ptr<Exchange>& exchange) {
  if (!exchange->answered()) return;
  const std::size_t done = exchange->statements().size();
  load_ = invariant(load_ >= done, "more statements were answered than were sent") ? load_ - done : 0;
}

void Connection::expire(Deadline now) {
  if (silent_for(patience_)) {
    fail_connection("PostgreSQL did not answer for longer than its statement_timeout");
    return;
  }
  for (const Group& group : groups_) {
    for (const Part& part : group.parts) {
      if (part.exchange && part.exchange->deadline() <= now) part.exchange->abandon("the deadline passed", false);
    }
  }
}

void Connection::fail_connection(std::string why) {
  if (!lost_because_.empty()) return;
  lost_because_ = std::move(why);
  open_ = false;
  load_ = 0;
  const auto groups = std::exchange(groups_, {});
  for (const Group& group : groups) {
    for (const Part& part : group.parts) {
      if (part.exchange) part.exchange->abandon(kLost + lost_because_, true);
    }
  }
  wire_->close();
}

}  // namespace ms::pg
