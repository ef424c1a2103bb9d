#include <spdlog/spdlog.h>

#include "features/servers/json_codec.hpp"
#include "features/servers/redis_keys.hpp"
#include "features/servers/servers.hpp"
#include "features/servers/store.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::servers {
namespace {

using std::chrono::steady_clock;

// Half of the time that the next beat is due in, so that beats never pile up.
constexpr auto kPatience = std::chrono::milliseconds(1000);
// The function ms_server_is_drained and guard_not_last count who was heard within 15 s.
constexpr auto kTellDatabaseEvery = std::chrono::seconds(5);
constexpr auto kHeardEvery = std::chrono::minutes(1);

// By Redis's clock: app servers' clocks may differ, and one that is an hour ahead must not take the others for silent.
constexpr std::string_view kTell = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')
redis.call('EXPIRE', KEYS[2], ARGV[4] / 1000)
return now)";

double seconds_now() { return std::chrono::duration<double>(now().time_since_epoch()).count(); }

/// How far our clock is ahead of one that said `theirs` between two looks at ours.
double ahead(double asked, double theirs) { return (asked + seconds_now()) / 2 - theirs; }

}  // namespace

/// What the server itself said names the statement; anything else is a matter of the way to it.
void HeartbeatStore::write_failed(std::string_view why) {
  if (!why.starts_with("servers.")) return;
  if (++failed_writes_ >= kFailuresInARow) write_fault_ = why;
}

async<std::optional<bool>> HeartbeatStore::heartbeat(const Heartbeat& heartbeat) {
  const Call call(steady_clock::now() + kPatience, "heartbeat");
  const std::string text = boost::json::serialize(to_json(heartbeat));
  const std::string member = heartbeat.server + ":" + std::string(config::name_of(heartbeat.program));
  const double asked_redis = seconds_now();
  redis::Command tell_redis("EVAL", kTell, 2, kBeatKey + member, kIndexKey, text,
                            std::chrono::milliseconds(kAlive).count(), member,
                            std::chrono::milliseconds(kShown).count());
  const auto reply = co_await redis_.execute(call, std::move(tell_redis));
  const bool in_redis = reply && !reply->is_error();
  constexpr double kMs = 1000;
  clocks_.redis =
      in_redis ? std::optional(ahead(asked_redis, static_cast<double>(reply->integer) / kMs)) : std::nullopt;

  const auto now = steady_clock::now();
  try {
    pg::Transaction transaction = db_.transaction(call);
    const bool tell = !in_redis || now - told_database_ >= kTellDatabaseEvery;
    std::optional<pg::ResultHandle<pg::None>> told;
    if (tell)
      told = store::heartbeat(transaction, heartbeat.server, config::name_of(heartbeat.program),
                              in_redis ? std::nullopt : std::optional(text));
    const bool says_heard = tell && now - said_heard_ >= kHeardEvery;
    if (says_heard) store::heard(transaction, heartbeat.server);
    const auto rests = store::rests(transaction, heartbeat.server);
    const auto clock = store::clock(transaction);
    const double asked = seconds_now();
    if (const auto sent = co_await transaction.commit(); !sent) co_return std::nullopt;
    if (says_heard) said_heard_ = now;
    clocks_.database = ahead(asked, clock.one().value());
    if (told) {
      failed_writes_ = 0;
      write_fault_.clear();
    }
    const bool known = !told || told->affected() > 0;
    if (known && told) told_database_ = now;
    const std::optional<bool> rest = rests.one();
    if (known && rest) co_return *rest;

    pg::Transaction first = db_.transaction(call);
    store::add(first, heartbeat.server, config::name_of(heartbeat.program));
    if (const auto sent = co_await first.commit(); !sent) co_return std::nullopt;
    told_database_ = Deadline{};  // with the beat, the next time
    co_return rest;
  } catch (const pg::Unavailable& fault) { write_failed(fault.what()); } catch (const pg::StatementFailed& fault) {
    spdlog::error("heartbeat: {}", fault.what());
    write_failed(fault.what());
  }
  clocks_.database.reset();
  co_return std::nullopt;
}

async<bool> forget_programs(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto gone = store::forget_programs(batch);
  co_await batch.send();
  co_return gone.affected() > 0;
}

async<bool> forget_servers(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto gone = store::forget_servers(batch);
  co_await batch.send();
  co_return gone.affected() > 0;
}

async<bool> forget_samples(pg::Db& db, const Call& call) {
  pg::Batch batch = db.batch(call, pg::Lane::slow);
  const auto gone = store::forget_samples(batch);
  co_await batch.send();
  co_return gone.affected() > 0;
}

}  // namespace ms::servers
