#include <spdlog/spdlog.h>

#include "features/servers/described.hpp"
#include "features/servers/redis_keys.hpp"
#include "features/servers/servers.hpp"
#include "features/servers/store.hpp"

namespace ms::servers {
namespace {

using std::chrono::steady_clock;

// Half of the time that the next beat is due in, so that beats never pile up.
constexpr auto kPatience = std::chrono::milliseconds(1000);
// The function ms_server_rests and guard_not_last count who was heard within 15 s.
constexpr auto kTellDatabaseEvery = std::chrono::seconds(5);
constexpr auto kSweepEvery = std::chrono::minutes(1);

}  // namespace

async<std::optional<bool>> Heart::beat(const Beat& beat) {
  const Call call(steady_clock::now() + kPatience, "heartbeat");
  const std::string text = boost::json::serialize(to_json(beat));
  const auto at = std::chrono::milliseconds(beat.at_ms);
  const std::string member = beat.server + ":" + beat.program;
  std::vector<redis::Command> commands;
  commands.emplace_back("SET", kBeatKey + member, text, "PX", std::chrono::milliseconds(kAlive).count());
  commands.emplace_back("ZADD", kIndexKey, at.count(), member);
  commands.emplace_back("ZREMRANGEBYSCORE", kIndexKey, "-inf", (at - kShown).count());
  commands.emplace_back("EXPIRE", kIndexKey, std::chrono::seconds(kShown).count());
  const auto replies = co_await redis_.ask_all(call, std::move(commands));
  const bool in_redis = replies && !replies->front().is_error();

  const auto now = steady_clock::now();
  try {
    pg::Unit unit = db_.unit(call);
    const bool tell = !in_redis || now - told_database_ >= kTellDatabaseEvery;
    std::optional<pg::Slot<pg::None>> told;
    if (tell) told = store::beat(unit, beat.server, beat.program, in_redis ? std::nullopt : std::optional(text));
    const bool sweeps = tell && now - swept_ >= kSweepEvery;
    if (sweeps) store::sweep(unit, beat.server);
    const auto rests = store::rests(unit, beat.server);
    if (const auto sent = co_await unit.send(); !sent) co_return std::nullopt;
    if (sweeps) swept_ = now;
    const bool known = !told || told->affected() > 0;
    if (known && told) told_database_ = now;
    const std::optional<bool> rest = rests.one();
    if (known && rest) co_return *rest;

    pg::Unit first = db_.unit(call);
    store::add(first, beat.server, beat.program);
    if (const auto sent = co_await first.send(); !sent) co_return std::nullopt;
    told_database_ = Deadline{};  // with the beat, the next time
    co_return rest;
  } catch (const pg::Unavailable&) { co_return std::nullopt; } catch (const pg::StatementFailed& fault) {
    spdlog::error("heartbeat: {}", fault.what());
    co_return std::nullopt;
  }
}

}  // namespace ms::servers
