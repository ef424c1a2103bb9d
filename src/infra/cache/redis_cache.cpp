// How a value that is out of date cannot get into Redis and stay there.
//   reading   MGET key, version:key, cache.epoch in one trip.
//   filling   stores only if version and epoch are still what they were before the fill began, in one script, and only
//             over the connection it read them from: a Redis that came back empty has lost the versions too.
//   dropping  version + 1, delete, publish, in one script. A fill that began before a change has an older version.
//   outage    a drop that Redis did not confirm opens the circuit (Client::trip), and it is delivered by the next probe
//             before the circuit closes (Client::before_up). Too many of them become one step of the epoch, which takes
//             every value of the cache away.
//   no Redis  a small table of this process serves a value for a second at most (Fallback), so that an outage does not
//             send every page to PostgreSQL. drop() empties it here; other servers may lag by that second.
// Single flight: the first who misses fills, the others wait. Who read another version than the flight has begun with
// does not join it, and drop() takes the flights of its keys away, so that a request after a change never gets the
// state before. What remains: another server reads the old value until the drop of a server that is cut off from Redis
// arrives; and Redis may evict a version key right between drop and store. The TTL bounds both.
#include "infra/cache/redis_cache.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "infra/cache/fallback.hpp"
#include "infra/cache/pending_invalidations.hpp"
#include "infra/redis/bell.hpp"

namespace ms::cache {
namespace {

constexpr std::string_view kEpoch = "cache.epoch";
constexpr std::string_view kChannel = "cache.drop";
// A drop's own time; the client's deadline for one call is shorter and counts.
constexpr std::chrono::seconds kDropTime{1};

// KEYS: key, version:key, epoch. ARGV: version and epoch as read ("" for none), value, seconds.
constexpr std::string_view kStore = R"(
if (redis.call('GET', KEYS[2]) or '') == ARGV[1] and (redis.call('GET', KEYS[3]) or '') == ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
end)";

// KEYS: key, version:key, … ARGV: channel. A version has to outlive every fill that began before it: a day is plenty.
constexpr std::string_view kDrop = R"(
for i = 1, #KEYS, 2 do
  redis.call('INCR', KEYS[i + 1])
  redis.call('EXPIRE', KEYS[i + 1], 86400)
  redis.call('DEL', KEYS[i])
  redis.call('PUBLISH', ARGV[1], KEYS[i])
end)";

// KEYS: epoch. ARGV: channel, patterns of the cache's keys. Rare (more than PendingInvalidations::kMaxKeys lost drops
// at once), so that it may walk over all keys.
constexpr std::string_view kDropAll = R"(
redis.call('INCR', KEYS[1])
for i = 2, #ARGV do
  for _, key in ipairs(redis.call('KEYS', ARGV[i])) do redis.call('DEL', key) end
end
redis.call('PUBLISH', ARGV[1], '*'))";

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

  bool same_state(const CacheSnapshot& other) const {
    return known == other.known && link == other.link && version == other.version && epoch == other.epoch;
  }
};

// One fill that others may wait for.
struct Flight {
  Flight(asio::io_context& io, CacheSnapshot before)
      : seen(std::move(before)), landed(std::make_shared<redis::Bell>(io)) {}
  CacheSnapshot seen;
  bool filling = true;
  std::optional<std::string> value;
  int waiting = 0;
  std::shared_ptr<redis::Bell> landed;
};

}  // namespace

std::vector<std::string> invalidate_all_command(const std::vector<std::string>& prefixes) {
  std::vector<std::string> words{"EVAL", std::string(kDropAll), "1", std::string(kEpoch), std::string(kChannel)};
  for (const auto& prefix : prefixes) words.push_back(prefix + "*");
  return words;
}

std::vector<std::string> invalidate_command(const std::vector<std::string>& keys) {
  std::vector<std::string> words{"EVAL", std::string(kDrop), std::to_string(2 * keys.size())};
  for (const auto& key : keys) {
    words.push_back(key);
    words.push_back(version_of(key));
  }
  words.emplace_back(kChannel);
  return words;
}

struct RedisCache::Impl {
  Impl(asio::io_context& context, redis::Client& redis, const secret::Keyring& all, std::vector<std::string> own)
      : io(context), client(redis), keys(all.derived("cache in Redis")), prefixes(std::move(own)) {}

  async<CacheSnapshot> look(const Call& call, const std::string& key);
  void store(const CacheSnapshot& seen, const std::string& key, std::string_view value, std::chrono::seconds ttl);
  std::vector<redis::Command> owed();

  asio::io_context& io;
  redis::Client& client;
  const secret::Keyring keys;
  const std::vector<std::string> prefixes;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights;
  PendingInvalidations undelivered;
  Fallback fallback;
  LookupCounts lookups;
};

namespace {

// Held by the one who fills, so that the others learn of its end however it comes: value, exception, or the coroutine's
// destruction.
class Filling {
 public:
  Filling(std::unordered_map<std::string, std::shared_ptr<Flight>>& flights, const std::string& key,
          std::shared_ptr<Flight> flight)
      : flights_(flights), key_(key), flight_(std::move(flight)) {
    flight_->filling = true;
  }
  ~Filling() {
    flight_->filling = false;
    // A failed flight with waiters stays: one of them flies on.
    if (flight_->value || flight_->waiting == 0) {
      const auto mine = flights_.find(key_);
      if (mine != flights_.end() && mine->second == flight_) flights_.erase(mine);
    }
    if (flight_->value) {
      flight_->landed->ring_all();
    } else {
      flight_->landed->ring_one();
    }
  }
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;

  void landed(const std::string& value) { flight_->value = value; }

 private:
  std::unordered_map<std::string, std::shared_ptr<Flight>>& flights_;
  const std::string& key_;
  std::shared_ptr<Flight> flight_;
};

// Counts a waiter for as long as its coroutine lives.
struct Waiter {
  explicit Waiter(std::shared_ptr<Flight> joined) : flight(std::move(joined)) { ++flight->waiting; }
  ~Waiter() { --flight->waiting; }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  std::shared_ptr<Flight> flight;
};

}  // namespace

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

RedisCache::RedisCache(asio::io_context& io, redis::Client& client, const secret::Keyring& keys,
                       std::vector<std::string> prefixes)
    : impl_(std::make_shared<Impl>(io, client, keys, std::move(prefixes))) {
  client.before_up([impl = impl_] { return impl->owed(); }, [impl = impl_] { impl->undelivered.delivered(); });
}

RedisCache::~RedisCache() { impl_->client.before_up({}, {}); }

LookupCounts RedisCache::lookups() const noexcept { return impl_->lookups; }

async<std::string> RedisCache::get(const Call& call, std::string key, std::chrono::seconds ttl, Fill fill) {
  const auto impl = impl_;
  CacheSnapshot seen = co_await impl->look(call, key);
  ++(seen.value ? impl->lookups.hits : seen.known ? impl->lookups.misses : impl->lookups.without_redis);
  if (seen.value) co_return *std::move(seen.value);
  if (!seen.known) {
    if (const std::string* kept = impl->fallback.find(key, std::chrono::steady_clock::now())) co_return *kept;
  }

  auto& handle = impl->flights[key];
  const bool joins = handle != nullptr && handle->seen.same_state(seen);
  if (!joins) handle = std::make_shared<Flight>(impl->io, std::move(seen));
  const auto flight = handle;

  if (joins) {
    bool in_time = true;
    {
      const Waiter waiter(flight);
      while (in_time && flight->filling && !flight->value) {
        in_time = co_await redis::Bell::wait(flight->landed, call.deadline());
      }
    }
    if (flight->value) co_return *flight->value;
    if (flight->filling) co_return co_await fill();
  }

  Filling filling(impl->flights, key, flight);
  std::string value = co_await fill();
  if (flight->seen.known) {
    impl->store(flight->seen, key, value, ttl);
  } else if (impl->flights[key] == flight) {  // no drop came while it was filled
    impl->fallback.keep(key, value, std::chrono::steady_clock::now());
  }
  filling.landed(value);
  co_return value;
}

async<> RedisCache::invalidate(const Call& call, std::vector<std::string> keys) {
  if (keys.empty()) co_return;
  const auto impl = impl_;
  for (const auto& key : keys) {
    impl->flights.erase(key);
    impl->fallback.forget(key);
  }
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
