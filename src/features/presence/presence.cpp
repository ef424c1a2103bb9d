#include "features/presence/presence.hpp"

#include <algorithm>
#include <charconv>

#include "features/presence/store.hpp"
#include "infra/core/secret.hpp"
#include "infra/once/once.hpp"

namespace ms::presence {
namespace {

constexpr std::string_view kMembers = "online:users";
constexpr std::string_view kGuests = "online:guests";
constexpr auto kTellEvery = std::chrono::seconds(20);
constexpr auto kSweepEvery = std::chrono::seconds(1);
constexpr auto kCountedFor = std::chrono::seconds(1);
constexpr std::size_t kMostRemembered = 50'000;  // of one set in this thread
constexpr std::int64_t kMostKept = 50'000;       // of one set in Redis, whoever makes up browsers
constexpr std::size_t kKeyBytes = 9;             // of 32: no two guests are one by chance

std::int64_t seconds(Timestamp at) { return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count(); }

std::int64_t argument(UserId id) { return id.value; }
std::string_view argument(const std::string& key) { return key; }

redis::Command count(std::string_view set, Timestamp at) {
  return redis::Command("ZCOUNT", set, seconds(at - kHere), "+inf");
}

std::vector<UserId> ids(const redis::Reply& reply) {
  std::vector<UserId> out;
  for (const redis::Reply& item : reply.items) {
    UserId id;
    const auto [end, fault] = std::from_chars(item.text.data(), item.text.data() + item.text.size(), id.value);
    if (fault == std::errc()) out.push_back(id);
  }
  return out;
}

}  // namespace

Presence::Presence(pg::Db& db, redis::Client& redis, session::Sessions& sessions, const std::string& secret)
    : db_(db),
      redis_(redis),
      sessions_(sessions),
      key_(secret::hmac_sha256(secret, "presence")),
      members_{kMembers, {}, {}},
      guests_{kGuests, {}, {}} {}

/// Says nothing of address and browser to who has not the secret.
std::string Presence::guest_key(std::string_view address, std::string_view agent) const {
  std::string visitor(address);
  visitor.append(" ").append(agent);
  return secret::base64(secret::hmac_sha256(key_, visitor).substr(0, kKeyBytes));
}

void Presence::asked(session::Viewer& who, std::string_view address, std::string_view agent, Timestamp at) {
  if (!who.signed_in()) {
    who.guest = guest_key(address, agent);
  } else if (!who.hidden && !members_.told.contains(who.id)) {
    redis_.tell(redis::Command("ZREM", kGuests, guest_key(address, agent)));  // perhaps a guest until now
  }
  seen(who, at);
}

void Presence::seen(const session::Viewer& who, Timestamp at) {
  if (!who.signed_in()) {
    tell(guests_, who.guest, at);
  } else if (!who.hidden) {
    tell(members_, who.id, at);
  } else if (members_.told.erase(who.id) != 0) {
    redis_.tell(redis::Command("ZREM", kMembers, who.id.value));  // told while the change was on its way here
  }
}

template <class Key>
void Presence::tell(Crowd<Key>& crowd, const Key& one, Timestamp at) {
  if (!redis_.up()) {
    crowd.told.clear();  // what it knew may be gone, too
    return;
  }
  const auto told = crowd.told.find(one);
  if (told != crowd.told.end() && at - told->second < kTellEvery) return;
  if (crowd.told.size() >= kMostRemembered) crowd.told.clear();
  crowd.told[one] = at;
  redis_.tell(redis::Command("ZADD", crowd.set, seconds(at), argument(one)));
  if (at - crowd.swept < kSweepEvery) return;
  crowd.swept = at;
  // Whoever comes sweeps out who has left, and the oldest of a crowd that is too large.
  redis_.tell(redis::Command("ZREMRANGEBYSCORE", crowd.set, "-inf", seconds(at - kHere)));
  redis_.tell(redis::Command("ZREMRANGEBYRANK", crowd.set, 0, -kMostKept - 1));
  redis_.tell(redis::Command("EXPIRE", crowd.set, kHere.count()));
}

async<std::optional<Counts>> Presence::counts(const Call& call, Timestamp at) {
  if (counted_ && at - counted_at_ < kCountedFor && redis_.up()) co_return counted_;
  std::vector<redis::Command> commands;
  commands.push_back(count(kMembers, at));
  commands.push_back(count(kGuests, at));
  const auto replies = co_await redis_.ask_all(call, std::move(commands));
  if (!replies) co_return std::nullopt;
  counted_ = Counts{replies->at(0).integer, replies->at(1).integer};
  counted_at_ = at;
  co_return counted_;
}

async<std::optional<Online>> Presence::online(const Call& call, const session::Viewer& who, Timestamp at) {
  Online out;
  if (!who.signed_in()) {
    const auto known = co_await counts(call, at);
    if (!known) co_return std::nullopt;
    out.counts = *known;
    co_return out;
  }

  std::vector<redis::Command> commands;
  commands.push_back(count(kMembers, at));
  commands.push_back(count(kGuests, at));
  commands.emplace_back("ZREVRANGEBYSCORE", kMembers, "+inf", seconds(at - kHere), "LIMIT", 0, kMostNames);
  const auto replies = co_await redis_.ask_all(call, std::move(commands));
  if (!replies) co_return std::nullopt;
  out.counts = {replies->at(0).integer, replies->at(1).integer};
  const redis::Reply& last = replies->at(2);
  out.more = std::max<std::int64_t>(0, out.counts.members - static_cast<std::int64_t>(last.items.size()));
  pg::Batch batch = db_.batch(call);
  const auto people = store::people(batch, ids(last));
  co_await batch.send();
  out.people = people.all();
  co_return out;
}

async<Result<void>> Presence::hide(const Call& call, const session::Viewer& who, bool hidden, Timestamp at) {
  if (once::earlier(call)) co_return Result<void>();
  pg::Unit unit = db_.unit(call);
  store::hide(unit, who.id, hidden);
  once::record(unit, call, who.id);
  const auto done = co_await unit.send();
  if (!done) co_return done;
  co_await sessions_.forget(call, who.id);
  members_.told.erase(who.id);
  if (hidden) {
    redis::Command gone("ZREM", kMembers, who.id.value);
    co_await redis_.ask(call, std::move(gone));
  } else {
    tell(members_, who.id, at);
  }
  co_return done;
}

}  // namespace ms::presence
