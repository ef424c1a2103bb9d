// How a value that is out of date cannot get into Redis and stay there.
//   reading   MGET key, version:key, cache.epoch in one trip.
//   filling   stores only if version and epoch are still what they were before the fill began, in one script, and only
//             over the connection it read them from: a Redis that came back empty has lost the versions too.
//   dropping  version + 1, delete, in one script. A fill that began before a change has an older version.
//   outage    a drop that Redis did not confirm opens the circuit (Client::trip), and it is delivered by the next probe
//             before the circuit closes (Client::before_up). Too many of them become one step of the epoch, which takes
//             every value of the cache away.
//   no Redis  a LocalCache serves a value for a second at most, so that an outage does not send every page to
//             PostgreSQL. drop() empties it here; other servers may lag by that second.
// Single flight: the first who misses fills, the others wait. Who read another version than the flight has begun with
// does not join it, and drop() takes the flights of its keys away, so that a request after a change never gets the
// state before. What remains: another server reads the old value until the drop of a server that is cut off from Redis
// arrives; and Redis may evict a version key right between drop and store. The TTL bounds both.
#include "infra/cache/redis_cache.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "infra/cache/local_cache.hpp"
#include "infra/cache/pending_invalidations.hpp"
#include "infra/cache/single_flight.hpp"

namespace ms::cache {
namespace {

constexpr std::string_view kEpoch = "cache.epoch";
// A drop's own time; the client's deadline for one call is shorter and counts.
constexpr std::chrono::seconds kDropTime{1};

// KEYS: key, version:key, epoch. ARGV: version and epoch as read ("" for none), value, seconds.
constexpr std::string_view kStore = R"(
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] and (redis.call('GET', KEYS[3]) or '') == ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
end)";

// KEYS: key, version:key, … A version has to outlive every fill that began before it: a day is plenty.
constexpr std::string_view kDrop = R"(
for i = 1, #KEYS, 2 do
  redis.call('INCR', KEYS[i + 1])
  redis.call('EXPIRE', KEYS[i + 1], 86400)
  redis.call('DEL', KEYS[i])
end)";

// KEYS: epoch. ARGV: patterns of the cache's keys. Rare (more than PendingInvalidations::kMaxKeys lost drops at once),
// so that it may walk over all keys.
constexpr std::string_view kDropAll = R"(
redis.call('INCR', KEYS[1])
for i = 1, #ARGV do
  for _, key in ipairs(redis.call('KEYS', ARGV[i])) do redis.call('DEL', key) end
end)";

// Behind the value, which reads as before: HMAC-SHA-256 in base64 of its key and the value itself.
constexpr std::size_t kTagSize = 43;
std::string tagged(std::string_view key, std::string_view value) {
  std::string out(key);
  return out.append("\n").append(value);
}

std::string version_of(std::string_view key) { return "version:" + std::string(key); }

redis::Command invalidate_everything(const std::vector<std::string>& prefixes) {
  return redis::Command(invalidate_all_command(prefixes));
}
redis::Command drop_command(const std::vector<std::string>& keys) { return redis::Command(invalidate_command(keys)); }

// What Redis said about a key before a fill.
struct CacheSnapshot {
  bool known = false;  // Redis answered
  Deadline link{};     // the connection it was read from, by its birth
  std::string version;
  std::string epoch;
  std::optional<std::string> value;
};

// A key in the state that a fill begins with, so that only who saw the same state waits for it.
struct Begin {
  std::string key;
  bool known;
  Deadline link;
  std::string version;
  std::string epoch;
  bool operator==(const Begin&) const = default;
};
struct BeginHash {
  std::size_t operator()(const Begin& begin) const noexcept { return std::hash<std::string>()(begin.key); }
};

constexpr auto kFallbackTime = std::chrono::seconds(1);
constexpr std::size_t kFallbackBytes = 4 << 20;  // the values are lists of titles and profiles

std::size_t heap_bytes(const std::string& key, const std::string& value) { return key.size() + value.size(); }

}  // namespace

std::vector<std::string> invalidate_all_command(const std::vector<std::string>& prefixes) {
  std::vector<std::string> words{"EVAL", std::string(kDropAll), "1", std::string(kEpoch)};
  for (const auto& prefix : prefixes) words.push_back(prefix + "*");
  return words;
}

std::vector<std::string> invalidate_command(const std::vector<std::string>& keys) {
  std::vector<std::string> words{"EVAL", std::string(kDrop), std::to_string(2 * keys.size())};
  for (const auto& key : keys) {
    words.push_back(key);
    words.push_back(version_of(key));
  }
  return words;
}

struct RedisCache::Impl {
  Impl(redis::Client& redis, const secret::Keyring& all, std::vector<std::string> own)
      : client(redis),
        keys(all.derived("cache in Redis")),
        prefixes(std::move(own)),
        fallback(
            {.name = "redis_fallback", .max_bytes = kFallbackBytes, .ttl = kFallbackTime, .heap_bytes = heap_bytes}) {}

  async<CacheSnapshot> look(const Call& call, const std::string& key);
  void store(const CacheSnapshot& seen, const std::string& key, std::string_view value, std::chrono::seconds ttl);
  std::vector<redis::Command> owed();

  redis::Client& client;
  const secret::Keyring keys;
  const std::vector<std::string> prefixes;
  SingleFlight<Begin, std::string, BeginHash> flights;
  PendingInvalidations undelivered;
  LocalCache<std::string, std::string> fallback;
  LookupCounts lookups;
};

async<CacheSnapshot> RedisCache::Impl::look(const Call& call, const std::string& key) {
  CacheSnapshot seen;
  seen.link = client.state().since;
  auto reply = co_await client.execute(call, redis::Command("MGET", key, version_of(key), kEpoch));
  if (!reply || reply->items.size() != 3) co_return seen;
  seen.known = true;
  seen.version = std::move(reply->items[1].text);
  seen.epoch = std::move(reply->items[2].text);
  if (reply->items[0].is_nil()) co_return seen;
  std::string& stored = reply->items[0].text;
  if (stored.size() < kTagSize) co_return seen;
  const std::size_t size = stored.size() - kTagSize;
  if (!keys.is_tag_of(std::string_view(stored).substr(size), tagged(key, std::string_view(stored).substr(0, size)))) {
    co_return seen;
  }
  stored.resize(size);
  seen.value = std::move(stored);
  co_return seen;
}

// Nobody waits for it: a store that gets lost costs one more fill.
void RedisCache::Impl::store(const CacheSnapshot& seen, const std::string& key, std::string_view value,
                             std::chrono::seconds ttl) {
  if (!seen.known || !client.up() || client.state().since != seen.link) return;
  const std::string stored = std::string(value) + keys.tag(tagged(key, value));
  client.fire_and_forget(redis::Command("EVAL", kStore, 3, key, version_of(key), kEpoch, seen.version, seen.epoch,
                                        stored, std::max<std::int64_t>(ttl.count(), 1)));
}

std::vector<redis::Command> RedisCache::Impl::owed() {
  const auto batch = undelivered.take();
  std::vector<redis::Command> commands;
  if (batch.everything) commands.push_back(invalidate_everything(prefixes));
  if (!batch.keys.empty()) commands.push_back(drop_command(batch.keys));
  return commands;
}

RedisCache::RedisCache(redis::Client& client, const secret::Keyring& keys, std::vector<std::string> prefixes)
    : impl_(std::make_shared<Impl>(client, keys, std::move(prefixes))) {
  client.before_up([impl = impl_] { return impl->owed(); }, [impl = impl_] { impl->undelivered.delivered(); });
}

RedisCache::~RedisCache() { impl_->client.before_up({}, {}); }

LookupCounts RedisCache::lookups() const noexcept { return impl_->lookups; }

LocalCacheStats RedisCache::fallback_stats() const noexcept { return impl_->fallback.stats(); }

async<std::string> RedisCache::get(const Call& call, std::string key, std::chrono::seconds ttl, Fill fill) {
  const auto impl = impl_;
  CacheSnapshot seen = co_await impl->look(call, key);
  ++(seen.value ? impl->lookups.hits : seen.known ? impl->lookups.misses : impl->lookups.without_redis);
  if (seen.value) co_return *std::move(seen.value);
  if (!seen.known) {
    if (const std::string* kept = impl->fallback.find(key)) co_return *kept;
  }
  const auto keep = [impl, key, ttl, seen](const std::string& value) {
    seen.known ? impl->store(seen, key, value, ttl) : impl->fallback.put(key, value);
  };
  Begin begin{std::move(key), seen.known, seen.link, std::move(seen.version), std::move(seen.epoch)};
  auto value = co_await impl->flights.run(call.deadline(), std::move(begin), std::move(fill), keep);
  co_return value;
}

async<> RedisCache::invalidate(const Call& call, std::vector<std::string> keys) {
  if (keys.empty()) co_return;
  const auto impl = impl_;
  impl->flights.invalidate_if([&keys](const Begin& begin) { return std::ranges::find(keys, begin.key) != keys.end(); });
  for (const auto& key : keys) impl->fallback.invalidate(key);
  if (!impl->client.up()) {
    impl->undelivered.remember(keys);
    co_return;
  }
  const Call own(std::chrono::steady_clock::now() + kDropTime, call.request_id(), call.timing());
  const auto reply = co_await impl->client.execute(own, drop_command(keys));
  if (reply && !reply->is_error()) co_return;
  impl->undelivered.remember(keys);
  impl->client.trip("a change could not be told to the cache");
}

}  // namespace ms::cache
