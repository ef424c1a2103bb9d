#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "features/servers/redis_keys.hpp"
#include "features/servers/servers.hpp"
#include "features/servers/sources.hpp"
#include "infra/io/sleep.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::servers {
namespace {

using std::chrono::steady_clock;

// Time limit of each part; a page has 1.8 s for all of them.
constexpr auto kRedisTime = std::chrono::milliseconds(200);
constexpr auto kDatabaseTime = std::chrono::milliseconds(700);
constexpr auto kMonitorTime = std::chrono::milliseconds(500);
constexpr auto kTtl = std::chrono::seconds(1);
constexpr auto kStatementsTtl = std::chrono::seconds(10);
// A server in the monitor's answer takes about 1.5 kB; there are 128 at most.
constexpr std::size_t kMaxStatusBytes = 512 * 1024;
constexpr auto kSampleTime = std::chrono::seconds(3);

double seconds(steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// The growth of a total per second; nothing when the total was reset.
std::optional<double> rate_of(std::int64_t before, std::int64_t now, double in_seconds) {
  if (now < before || in_seconds <= 0) return std::nullopt;
  return static_cast<double>(now - before) / in_seconds;
}

/// The hit ratio of RedisCache in the last minute.
std::optional<double> cache_share(const std::vector<Heartbeat>& heartbeats) {
  std::int64_t hits = 0;
  std::int64_t all = 0;
  for (const Heartbeat& heartbeat : heartbeats) {
    hits += heartbeat.cache_hits;
    all += heartbeat.cache_hits + heartbeat.cache_misses;
  }
  return all == 0 ? std::nullopt : std::optional(static_cast<double>(hits) / static_cast<double>(all));
}

}  // namespace

ServerMonitor::ServerMonitor(pg::Db& db, redis::Client& redis, const std::string& monitor)
    : db_(db), redis_(redis), monitor_(monitor) {}

async<std::shared_ptr<const Overview>> ServerMonitor::read_overview(const Call& call, bool bypass_cache) {
  if (!bypass_cache && last_ && steady_clock::now() - read_at_ < kTtl) co_return last_;
  const auto out = std::make_shared<Overview>();
  std::vector<Heartbeat> heartbeats;
  co_await poll_redis(call, *out, heartbeats);
  co_await poll_nginx(*out, call.within(kMonitorTime));
  co_await poll_database(call, *out, heartbeats);
  out->redis.cache_share = cache_share(heartbeats);
  out->at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  rate(*out);
  last_ = out;
  read_at_ = steady_clock::now();
  co_return out;
}

async<void> ServerMonitor::poll_redis(const Call& call, Overview& out, std::vector<Heartbeat>& heartbeats) {
  const Call own(call.within(kRedisTime), call.request_id(), call.timing());
  std::vector<redis::Command> commands;
  commands.emplace_back("INFO");
  commands.emplace_back("ZREVRANGE", kIndexKey, 0, (2 * kMaxServers) - 1);
  const auto replies = co_await redis_.execute_all(own, std::move(commands));
  if (!replies || replies->front().is_error()) {
    out.redis.why = replies ? replies->front().text : redis_.state().error;
    co_return;
  }
  out.redis = read_info(replies->front().text);
  out.redis.up = true;

  std::vector<std::string> wanted{"MGET"};
  for (const redis::Reply& member : replies->back().items) wanted.push_back(kHeartbeatKey + member.text);
  if (wanted.size() == 1) co_return;
  redis::Command get(wanted);
  const auto found = co_await redis_.execute(own, std::move(get));
  if (!found) co_return;
  for (const redis::Reply& item : found->items) {
    if (auto heartbeat = parse_heartbeat(item.text)) heartbeats.push_back(*std::move(heartbeat));
  }
}

async<void> ServerMonitor::poll_database(const Call& call, Overview& out, std::vector<Heartbeat>& heartbeats) {
  const Call own(call.within(kDatabaseTime), call.request_id(), call.timing());
  PostgresFigures& to = out.postgres;
  std::vector<store::ServerRow> known;
  bool has_statements = false;
  try {
    pg::Batch batch = db_.batch(own, pg::Lane::slow);
    const auto rows = store::server_rows(batch);
    const auto database = store::database(batch);
    const auto replicas = store::replicas(batch);
    co_await batch.send();
    known = rows.all();
    const auto row = database.one().value();
    to.version = row.version;
    to.uptime_seconds = row.uptime_seconds;
    to.connections = row.connections;
    to.active = row.active;
    to.max_connections = row.max_connections;
    to.size = row.size;
    to.commits = row.commits;
    to.cache_share = row.cache_share;
    to.locks_waiting = row.locks_waiting;
    to.deadlocks = row.deadlocks;
    to.replicas = replicas.all();
    to.up = true;
    has_statements = row.has_statements;
  } catch (const pg::Unavailable&) {
    to.why = db_.state().error;
    if (to.why.empty()) to.why = "no answer in time";
  } catch (const pg::StatementFailed& fault) { to.why = fault.what(); }
  if (has_statements) {
    co_await poll_statements(own);
    to.statements = statements_;
  }
  for (const store::ServerRow& row : known) {
    if (!row.heartbeat) continue;
    if (auto heartbeat = parse_heartbeat(*row.heartbeat)) heartbeats.push_back(*std::move(heartbeat));
  }
  out.servers = assemble(known, heartbeats, out.nginx);
}

/// Runs less often, because the view reads a file with the texts of all statements.
async<void> ServerMonitor::poll_statements(const Call& call) {
  if (statements_read_at_ && steady_clock::now() - *statements_read_at_ < kStatementsTtl) co_return;
  try {
    pg::Batch batch = db_.batch(call, pg::Lane::slow);
    const auto slowest = store::slowest(batch);
    co_await batch.send();
    statements_ = slowest.all();
  } catch (const pg::Unavailable&) { co_return; } catch (const pg::StatementFailed&) {
    statements_.reset();  // the extension exists, but its library is not loaded
  }
  statements_read_at_ = steady_clock::now();
}

async<void> ServerMonitor::poll_nginx(Overview& out, Deadline deadline) {
  if (monitor_.empty()) {
    out.nginx.why = "monitor.url is empty";
    co_return;
  }
  auto request = http::parse_url(monitor_ + "/upstream_status");
  if (!request) {
    out.nginx.why = "monitor.url must have a numeric address";
    co_return;
  }
  request->accept = "application/json";
  request->max_bytes = kMaxStatusBytes;
  const auto answer = co_await http::fetch(*std::move(request), deadline);
  if (answer) {
    out.nginx = read_upstream_status(answer->body);
  } else {
    out.nginx.why = answer.error();
  }
}

void ServerMonitor::rate(Overview& out) {
  const auto now = steady_clock::now();
  const double passed = earlier_.at ? seconds(now - *earlier_.at) : 0;
  if (last_ && passed < seconds(kTtl) / 2) {  // two readings at once: too short for a rate
    out.redis.expired = last_->redis.expired;
    out.redis.evicted = last_->redis.evicted;
    out.postgres.transactions = last_->postgres.transactions;
    return;
  }
  if (earlier_.at) {
    if (out.redis.up) {
      out.redis.expired = rate_of(earlier_.expired, out.redis.expired_total, passed);
      out.redis.evicted = rate_of(earlier_.evicted, out.redis.evicted_total, passed);
    }
    if (out.postgres.up) out.postgres.transactions = rate_of(earlier_.commits, out.postgres.commits, passed);
  }
  // A part that does not answer now has a rate again two readings after it recovers.
  earlier_ = {now, out.redis.up ? out.redis.expired_total : INT64_MAX,
              out.redis.up ? out.redis.evicted_total : INT64_MAX, out.postgres.up ? out.postgres.commits : INT64_MAX};
}

async<std::vector<Sample>> ServerMonitor::history(const Call& call) {
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto rows = store::samples(batch);
  co_await batch.send();
  co_return rows.all();
}

async<void> ServerMonitor::keep_history() {
  while (true) {
    try {
      co_await write_sample();
    } catch (const pg::Unavailable&) {
      // tried again with the next sample
    } catch (const std::exception& bug) { spdlog::error("history of servers: {}", bug.what()); }
    // The middle of the ten seconds, because clocks differ by a second or so.
    const auto since = now().time_since_epoch() % kSampleEvery;
    const auto left = (kSampleEvery * 3 / 2 - since) % std::chrono::microseconds(kSampleEvery);
    co_await sleep_for(std::max<std::chrono::microseconds>(left, std::chrono::seconds(1)));
  }
}

async<void> ServerMonitor::write_sample() {
  const Call call(steady_clock::now() + kSampleTime, "history of servers");
  pg::Batch batch = db_.batch(call, pg::Lane::slow);
  const auto there = store::has_sample(batch);
  co_await batch.send();
  if (there.one().value_or(true)) co_return;
  const auto overview = co_await read_overview(call);
  pg::Transaction transaction = db_.transaction(call, pg::Lane::slow);
  store::add_sample(transaction, sample_of(*overview));
  co_await transaction.commit();
}

}  // namespace ms::servers
