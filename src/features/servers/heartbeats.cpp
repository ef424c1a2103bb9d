#include <spdlog/spdlog.h>

#include "features/servers/json_codec.hpp"
#include "features/servers/redis_keys.hpp"
#include "features/servers/servers.hpp"
#include "features/servers/store.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::servers {
namespace {

using std::chrono::steady_clock;

// Half of the interval, so that heartbeats never pile up.
constexpr auto kTimeout = std::chrono::milliseconds(1000);
// The function ms_server_is_drained and guard_not_last count servers whose heartbeat is younger than 15 s.
constexpr auto kDatabaseInterval = std::chrono::seconds(5);
constexpr auto kTouchInterval = std::chrono::minutes(1);

// Scores are times of Redis's clock: app servers' clocks may differ, and a server whose clock is an hour ahead must not
// consider the others silent.
constexpr std::string_view kStore = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')
redis.call('EXPIRE', KEYS[2], ARGV[4] / 1000)
return now)";

double seconds_now() { return std::chrono::duration<double>(now().time_since_epoch()).count(); }

/// How far this clock is ahead of another one that showed `theirs` after `asked` and before now.
double ahead(double asked, double theirs) { return (asked + seconds_now()) / 2 - theirs; }

}  // namespace

/// An error of the server itself names the statement; any other one is an error of the connection.
void HeartbeatStore::write_failed(std::string_view why) {
  if (!why.starts_with("servers.")) return;
  if (++failed_writes_ >= kFailuresInARow) write_fault_ = why;
}

async<std::optional<bool>> HeartbeatStore::heartbeat(const Heartbeat& heartbeat) {
  const Call call(steady_clock::now() + kTimeout, "heartbeat");
  const std::string text = boost::json::serialize(to_json(heartbeat));
  const std::string member = heartbeat.server + ":" + std::string(config::name_of(heartbeat.program));
  const double asked_redis = seconds_now();
  redis::Command store_in_redis("EVAL", kStore, 2, kHeartbeatKey + member, kIndexKey, text,
                                std::chrono::milliseconds(kAlive).count(), member,
                                std::chrono::milliseconds(kShowSilentFor).count());
  const auto reply = co_await redis_.execute(call, std::move(store_in_redis));
  const bool in_redis = reply && !reply->is_error();
  constexpr double kMs = 1000;
  clocks_.redis =
      in_redis ? std::optional(ahead(asked_redis, static_cast<double>(reply->integer) / kMs)) : std::nullopt;

  const auto now = steady_clock::now();
  try {
    pg::Transaction transaction = db_.transaction(call);
    const bool writes = !in_redis || !written_at_ || now - *written_at_ >= kDatabaseInterval;
    std::optional<pg::ResultHandle<pg::None>> written;
    if (writes)
      written = store::heartbeat(transaction, heartbeat.server, config::name_of(heartbeat.program),
                                 in_redis ? std::nullopt : std::optional(text));
    const bool touches = writes && (!touched_at_ || now - *touched_at_ >= kTouchInterval);
    if (touches) store::touch_server(transaction, heartbeat.server);
    const auto drained = store::is_drained(transaction, heartbeat.server);
    const auto clock = store::clock(transaction);
    const double asked = seconds_now();
    if (const auto sent = co_await transaction.commit(); !sent) co_return std::nullopt;
    if (touches) touched_at_ = now;
    clocks_.database = ahead(asked, clock.one().value());
    if (written) {
      failed_writes_ = 0;
      write_fault_.clear();
    }
    const bool exists = !written || written->affected() > 0;
    if (exists && written) written_at_ = now;
    const std::optional<bool> is_drained = drained.one();
    if (exists && is_drained) co_return *is_drained;

    pg::Transaction first = db_.transaction(call);
    store::add(first, heartbeat.server, config::name_of(heartbeat.program));
    if (const auto sent = co_await first.commit(); !sent) co_return std::nullopt;
    written_at_.reset();  // the next heartbeat goes to the new row
    co_return is_drained;
  } catch (const pg::Unavailable& fault) { write_failed(fault.what()); } catch (const pg::StatementFailed& fault) {
    spdlog::error("heartbeat: {}", fault.what());
    write_failed(fault.what());
  }
  clocks_.database.reset();
  co_return std::nullopt;
}

async<bool> delete_silent_programs(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto gone = store::delete_silent_programs(batch);
  co_await batch.send();
  co_return gone.affected() > 0;
}

async<bool> delete_silent_servers(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto gone = store::delete_silent_servers(batch);
  co_await batch.send();
  co_return gone.affected() > 0;
}

async<bool> delete_old_samples(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto gone = store::delete_old_samples(batch);
  co_await batch.send();
  co_return gone.affected() > 0;
}

}  // namespace ms::servers
