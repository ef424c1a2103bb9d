#include "features/presence/presence.hpp"

namespace ms::presence {
namespace {

constexpr std::string_view kKey = "online:users";

std::int64_t seconds(Timestamp at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

}  // namespace

void Presence::seen(UserId member, Timestamp at) {
  const auto told = told_.find(member);
  if (told != told_.end() && at - told->second < kTellEvery) return;
  if (told_.size() >= kMostRemembered) told_.clear();
  told_[member] = at;
  redis_.tell(redis::Command("ZADD", kKey, seconds(at), member.value));
  // Whoever comes sweeps out who has left, so the set holds no more than who was here lately.
  redis_.tell(redis::Command("ZREMRANGEBYSCORE", kKey, "-inf", seconds(at - kHere)));
  redis_.tell(redis::Command("EXPIRE", kKey, kHere.count()));
}

void Presence::gone(UserId member) {
  told_.erase(member);
  redis_.tell(redis::Command("ZREM", kKey, member.value));
}

async<std::optional<std::int64_t>> Presence::count(const Call& call, Timestamp at) {
  redis::Command command("ZCOUNT", kKey, seconds(at - kHere), "+inf");
  const auto reply = co_await redis_.ask(call, std::move(command));
  if (!reply || reply->kind != redis::Reply::Kind::integer) co_return std::nullopt;
  co_return reply->integer;
}

}  // namespace ms::presence
