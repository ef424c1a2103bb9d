// How Redis never keeps a stale value:
//   read        MGET key, version:key, cache.epoch in one round trip.
//   load        The script stores the value only if version and epoch are unchanged since the load began, and only over
//               the connection that read them: a Redis that restarted empty has lost the versions too.
//   invalidate  One script: version + 1, delete. A load that began before the change has an older version.
//   outage      An unconfirmed invalidation opens the circuit (Client::trip); the next probe delivers it before the
//               circuit closes (Client::before_up). Too many of them become one step of the epoch, which invalidates
//               every value of the cache.
//   no Redis    A LocalCache serves a value for a second at most, so that an outage does not send every page to
//               PostgreSQL. invalidate() clears it in this thread; others may lag by that second.
// Single flight: the first caller that misses loads, the others wait. A caller that read another version than the
// flight began with does not join it, and invalidate() removes the flights of its keys, so that a request after a
// change never gets the state before it. Two cases remain: other servers read the old value until the invalidation of a
// server that is cut off from Redis arrives; and Redis may evict a version key between invalidate and store. The TTL
// bounds both.
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
// The deadline of an invalidation; the client's own limit for one call is shorter and applies first.
constexpr std::chrono::seconds kInvalidateTime{1};

// KEYS: key, version:key, epoch. ARGV: version and epoch as read ("" for none), value, seconds.
constexpr std::string_view kStore = R"(
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] and (redis.call('GET', KEYS[3]) or '') == ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
end)";

// KEYS: key, version:key, … A version must outlive every load that began before it: a day is plenty.
constexpr std::string_view kInvalidate = R"(
for i = 1, #KEYS, 2 do
  redis.call('INCR', KEYS[i + 1])
  redis.call('EXPIRE', KEYS[i + 1], 86400)
  redis.call('DEL', KEYS[i])
end)";

// KEYS: epoch. ARGV: patterns of the cache's keys. It is rare (more than PendingInvalidations::kMaxKeys unconfirmed
// invalidations), so it may scan all keys.
constexpr std::string_view kInvalidateAll = R"(
redis.call('INCR', KEYS[1])
for i = 1, #ARGV do
  for _, key in ipairs(redis.call('KEYS', ARGV[i])) do redis.call('DEL', key) end
end)";

// Follows the value, which stays readable: HMAC-SHA-256 in base64 of key and value.
constexpr std::size_t kTagSize = 43;
std::string tagged(std::string_view key, std::string_view value) {
  std::string out(key);
  return out.append("\n").append(value);
}

std::string version_of(std::string_view key) { return "version:" + std::string(key); }

redis::Command invalidate_everything(const std::vector<std::string>& prefixes) {
  return redis::Command(invalidate_all_command(prefixes));
}
redis::Command invalidate_keys(const std::vector<std::string>& keys) {
  return redis::Command(invalidate_command(keys));
}

// What Redis returned for a key before a load.
struct CacheSnapshot {
  bool answered = false;  // by Redis
  Deadline link{};        // the connection that it was read from, by its start
  std::string version;
  std::string epoch;
  std::optional<std::string> value;
};

// A key and the state that its load began with: only callers that read the same state wait for the load.
struct FlightKey {
  std::string key;
  bool answered;
  Deadline link;
  std::string version;
  std::string epoch;
  bool operator==(const FlightKey&) const = default;
};
struct FlightKeyHash {
  std::size_t operator()(const FlightKey& flight) const noexcept { return std::hash<std::string>()(flight.key); }
};

constexpr auto kFallbackTime = std::chrono::seconds(1);
constexpr std::size_t kFallbackBytes = 4 << 20;  // the values are lists of titles and profiles

std::size_t heap_bytes(const std::string& key, const std::string& value) { return key.size() + value.size(); }

}  // namespace

std::vector<std::string> invalidate_all_command(const std::vector<std::string>& prefixes) {
  std::vector<std::string> words{"EVAL", std::string(kInvalidateAll), "1", std::string(kEpoch)};
  for (const auto& prefix : prefixes) words.push_back(prefix + "*");
  return words;
}

std::vector<std::string> invalidate_command(const std::vector<std::string>& keys) {
  std::vector<std::string> words{"EVAL", std::string(kInvalidate), std::to_string(2 * keys.size())};
  for (const auto& key : keys) {
    words.push_back(key);
    words.push_back(version_of(key));
  }
  return words;
}

struct RedisCache::Impl {
  Impl(redis::Client& redis, const secret::Keyring& keyring, std::vector<std::string> key_prefixes)
      : client(redis),
        keys(keyring.derived("cache in Redis")),
        prefixes(std::move(key_prefixes)),
        fallback(
            {.name = "redis_fallback", .max_bytes = kFallbackBytes, .ttl = kFallbackTime, .heap_bytes = heap_bytes}) {}

  async<CacheSnapshot> read(const Call& call, const std::string& key);
  void store(const CacheSnapshot& snapshot, const std::string& key, std::string_view value, std::chrono::seconds ttl);
  std::vector<redis::Command> undelivered_commands();

  redis::Client& client;
  const secret::Keyring keys;
  const std::vector<std::string> prefixes;
  SingleFlight<FlightKey, std::string, FlightKeyHash> flights;
  PendingInvalidations undelivered;
  LocalCache<std::string, std::string> fallback;
  LookupCounts lookups;
};

async<CacheSnapshot> RedisCache::Impl::read(const Call& call, const std::string& key) {
  CacheSnapshot snapshot;
  snapshot.link = client.state().since;
  auto reply = co_await client.execute(call, redis::Command("MGET", key, version_of(key), kEpoch));
  if (!reply || reply->items.size() != 3) co_return snapshot;
  snapshot.answered = true;
  snapshot.version = std::move(reply->items[1].text);
  snapshot.epoch = std::move(reply->items[2].text);
  if (reply->items[0].is_nil()) co_return snapshot;
  std::string& stored = reply->items[0].text;
  if (stored.size() < kTagSize) co_return snapshot;
  const std::size_t size = stored.size() - kTagSize;
  if (!keys.is_tag_of(std::string_view(stored).substr(size), tagged(key, std::string_view(stored).substr(0, size)))) {
    co_return snapshot;
  }
  stored.resize(size);
  snapshot.value = std::move(stored);
  co_return snapshot;
}

// Nobody waits for the answer: a lost store costs one more load.
void RedisCache::Impl::store(const CacheSnapshot& snapshot, const std::string& key, std::string_view value,
                             std::chrono::seconds ttl) {
  if (!snapshot.answered || !client.up() || client.state().since != snapshot.link) return;
  const std::string stored = std::string(value) + keys.tag(tagged(key, value));
  client.fire_and_forget(redis::Command("EVAL", kStore, 3, key, version_of(key), kEpoch, snapshot.version,
                                        snapshot.epoch, stored, std::max<std::int64_t>(ttl.count(), 1)));
}

std::vector<redis::Command> RedisCache::Impl::undelivered_commands() {
  const auto batch = undelivered.take();
  std::vector<redis::Command> commands;
  if (batch.everything) commands.push_back(invalidate_everything(prefixes));
  if (!batch.keys.empty()) commands.push_back(invalidate_keys(batch.keys));
  return commands;
}

RedisCache::RedisCache(redis::Client& client, const secret::Keyring& keys, std::vector<std::string> prefixes)
    : impl_(std::make_shared<Impl>(client, keys, std::move(prefixes))) {
  client.before_up([impl = impl_] { return impl->undelivered_commands(); },
                   [impl = impl_] { impl->undelivered.delivered(); });
}

RedisCache::~RedisCache() { impl_->client.before_up({}, {}); }

LookupCounts RedisCache::lookups() const noexcept { return impl_->lookups; }

LocalCacheStats RedisCache::fallback_stats() const noexcept { return impl_->fallback.stats(); }

async<std::string> RedisCache::get(const Call& call, std::string key, std::chrono::seconds ttl, Load load) {
  const auto impl = impl_;
  CacheSnapshot snapshot = co_await impl->read(call, key);
  ++(snapshot.value ? impl->lookups.hits : snapshot.answered ? impl->lookups.misses : impl->lookups.without_redis);
  if (snapshot.value) co_return *std::move(snapshot.value);
  if (!snapshot.answered) {
    if (const std::string* cached = impl->fallback.find(key)) co_return *cached;
  }
  const auto store = [impl, key, ttl, snapshot](const std::string& value) {
    snapshot.answered ? impl->store(snapshot, key, value, ttl) : impl->fallback.put(key, value);
  };
  FlightKey flight{std::move(key), snapshot.answered, snapshot.link, std::move(snapshot.version),
                   std::move(snapshot.epoch)};
  auto value = co_await impl->flights.run(call.deadline(), std::move(flight), std::move(load), store);
  co_return value;
}

async<> RedisCache::invalidate(const Call& call, std::vector<std::string> keys) {
  if (keys.empty()) co_return;
  const auto impl = impl_;
  impl->flights.invalidate_if(
      [&keys](const FlightKey& flight) { return std::ranges::find(keys, flight.key) != keys.end(); });
  for (const auto& key : keys) impl->fallback.invalidate(key);
  if (!impl->client.up()) {
    impl->undelivered.add(keys);
    co_return;
  }
  const Call own(std::chrono::steady_clock::now() + kInvalidateTime, call.request_id(), call.timing());
  const auto reply = co_await impl->client.execute(own, invalidate_keys(keys));
  if (reply && !reply->is_error()) co_return;
  impl->undelivered.add(keys);
  impl->client.trip("an invalidation was not confirmed");
}

}  // namespace ms::cache
