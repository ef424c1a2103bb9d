#include "features/presence/presence.hpp"

#include <algorithm>
#include <charconv>

#include "features/presence/store.hpp"
#include "infra/core/secret.hpp"
#include "infra/write/write.hpp"

namespace ms::presence {
namespace {

constexpr std::string_view kMembers = "online:users";
constexpr std::string_view kGuests = "online:guests";
constexpr auto kSendInterval = std::chrono::seconds(20);
constexpr auto kSweepInterval = std::chrono::seconds(1);
constexpr auto kCountedFor = std::chrono::seconds(1);
constexpr std::size_t kMaxSentBytes = 6 << 20;  // of one set in this thread: some 50,000
constexpr std::int64_t kMaxInRedis = 50'000;    // of one set in Redis, however many browsers an attacker invents
constexpr std::size_t kKeyBytes = 9;            // of 32: enough to avoid collisions

// The seconds are those of Redis's clock, because the clocks of app servers may differ. A score in the future was
// written before Redis's clock was set back, and would stay for ever.
constexpr std::string_view kRecord = R"(
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
if ARGV[2] == '1' then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[4] - 1)
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end)";
// The number of online viewers in each set, and the latest members of the first one.
constexpr std::string_view kCount = R"(
local now = tonumber(redis.call('TIME')[1])
local since = now - ARGV[1]
local names = {}
if ARGV[2] ~= '0' then names = redis.call('ZREVRANGEBYSCORE', KEYS[1], now, since, 'LIMIT', 0, ARGV[2]) end
return {redis.call('ZCOUNT', KEYS[1], since, now), redis.call('ZCOUNT', KEYS[2], since, now), names})";

/// False for a time in the future, as after this server's clock was set back.
bool within(Timestamp at, Timestamp then, std::chrono::seconds time) { return at >= then && at - then < time; }

std::int64_t argument(MemberId id) { return id.value; }
std::string_view argument(const std::string& key) { return key; }

redis::Command count_command(int names) {
  return redis::Command("EVAL", kCount, 2, kMembers, kGuests, kOnlineTime.count(), names);
}

/// Nothing when Redis returned an error.
std::optional<Counts> counts_of(const std::optional<redis::Reply>& reply) {
  if (!reply || reply->items.size() != 3) return std::nullopt;
  return Counts{reply->items[0].integer, reply->items[1].integer};
}

std::vector<MemberId> ids(const redis::Reply& reply) {
  std::vector<MemberId> out;
  for (const redis::Reply& item : reply.items) {
    MemberId id;
    const auto [end, fault] = std::from_chars(item.text.data(), item.text.data() + item.text.size(), id.value);
    if (fault == std::errc()) out.push_back(id);
  }
  return out;
}

}  // namespace

Presence::Presence(pg::Db& db, redis::Client& redis, session::Sessions& sessions, write::Writer& writer,
                   const std::string& secret)
    : db_(db),
      redis_(redis),
      writer_(writer),
      key_(secret::hmac_sha256(secret, "presence")),
      members_{.key = kMembers,
               .sent_at = SendTimes<MemberId>({.name = "presence_members", .max_bytes = kMaxSentBytes})},
      guests_{.key = kGuests,
              .sent_at = SendTimes<std::string>({.name = "presence_guests", .max_bytes = kMaxSentBytes})} {
  sessions.on_session_end([this](const Call& call, MemberId member) { return remove(call, member); });
}

/// A keyed hash: without the secret it reveals neither address nor browser.
std::string Presence::guest_key(std::string_view address, std::string_view agent) const {
  std::string visitor(address);
  visitor.append(" ").append(agent);
  return secret::base64(secret::hmac_sha256(key_, visitor).substr(0, kKeyBytes));
}

void Presence::record_request(session::Viewer& viewer, std::string_view address, std::string_view agent, Timestamp at) {
  if (!viewer.signed_in()) {
    viewer.guest = guest_key(address, agent);
  } else if (!viewer.hidden && members_.sent_at.find(viewer.id) == nullptr) {
    redis_.fire_and_forget(redis::Command("ZREM", kGuests, guest_key(address, agent)));  // perhaps a guest until now
  }
  record_stream(viewer, at);
}

void Presence::record_stream(const session::Viewer& viewer, Timestamp at) {
  if (!viewer.signed_in()) {
    send(guests_, viewer.guest, at);
  } else if (!viewer.hidden) {
    send(members_, viewer.id, at);
  } else if (members_.sent_at.find(viewer.id) != nullptr) {
    members_.sent_at.invalidate(viewer.id);
    redis_.fire_and_forget(redis::Command("ZREM", kMembers, viewer.id.value));  // sent before the change arrived here
  }
}

template <class Key>
void Presence::send(OnlineSet<Key>& set, const Key& one, Timestamp at) {
  if (!redis_.up()) {
    set.sent_at.invalidate_all();  // Redis may lose what was sent
    return;
  }
  const Timestamp* last = set.sent_at.find(one);
  if (last != nullptr && within(at, *last, kSendInterval)) return;
  set.sent_at.put(one, at);
  // Some of the requests also remove expired viewers, and the oldest ones of a set that is too large.
  const bool sweeps = !within(at, set.swept_at, kSweepInterval);
  if (sweeps) set.swept_at = at;
  redis_.fire_and_forget(
      redis::Command("EVAL", kRecord, 1, set.key, argument(one), sweeps ? 1 : 0, kOnlineTime.count(), kMaxInRedis));
}

async<void> Presence::remove(const Call& call, MemberId member) {
  members_.sent_at.invalidate(member);
  counted_.reset();
  redis::Command gone("ZREM", kMembers, member.value);
  co_await redis_.execute(call, std::move(gone));
}

async<std::optional<Counts>> Presence::counts(const Call& call, Timestamp at) {
  if (counted_ && within(at, counted_at_, kCountedFor) && redis_.up()) co_return counted_;
  redis::Command query = count_command(0);
  const auto reply = co_await redis_.execute(call, std::move(query));
  const auto known = counts_of(reply);
  if (!known) co_return std::nullopt;
  counted_ = known;
  counted_at_ = at;
  co_return counted_;
}

async<std::optional<Online>> Presence::online(const Call& call, const session::Viewer& viewer, Timestamp at) {
  Online out;
  if (!viewer.signed_in()) {
    const auto known = co_await counts(call, at);
    if (!known) co_return std::nullopt;
    out.counts = *known;
    co_return out;
  }

  redis::Command query = count_command(kMaxNames);
  const auto reply = co_await redis_.execute(call, std::move(query));
  const auto known = counts_of(reply);
  if (!known) co_return std::nullopt;
  out.counts = *known;
  const redis::Reply& last = reply->items[2];
  out.more = std::max<std::int64_t>(0, out.counts.members - static_cast<std::int64_t>(last.items.size()));
  pg::Batch batch = db_.batch(call);
  const auto people = store::people(batch, ids(last));
  co_await batch.send();
  out.people = people.all();
  co_return out;
}

async<Result<void>> Presence::hide(const Call& call, const session::Viewer& viewer, bool hidden,
                                   std::optional<bool> before, Timestamp at) {
  write::Write write = writer_.begin(call, viewer);
  if (write.replayed()) co_return Result<void>();
  if (before) store::guard_hidden(write, viewer.id, *before);
  store::hide(write, viewer.id, hidden);
  write.guard_member();
  const auto done =
      co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::of_rights(viewer.id)});
  if (!done) co_return done;
  members_.sent_at.invalidate(viewer.id);
  if (hidden) {
    redis::Command gone("ZREM", kMembers, viewer.id.value);
    co_await redis_.execute(call, std::move(gone));
  } else {
    send(members_, viewer.id, at);
  }
  co_return done;
}

}  // namespace ms::presence
