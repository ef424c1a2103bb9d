#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "infra/cache/local_cache.hpp"
#include "infra/core/keyring.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/redis/client.hpp"

namespace ms::cache {

/// Calls of get() since the start, by where the value came from.
struct LookupCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t without_redis = 0;
};

/// Cache-aside over Redis: exact invalidation, and one load per key at a time in this thread. One thread.
/// The Client must outlive it; one RedisCache for each Client (it uses Client::before_up). `prefixes`: what its keys
/// begin with.
class RedisCache {
 public:
  /// Returns the fresh value, as a rule from PostgreSQL. Pass a function that calls a named coroutine; never a lambda
  /// that is itself a capturing coroutine.
  using Load = std::function<async<std::string>()>;

  /// `keys` authenticate the stored values: a value that somebody else wrote to Redis counts as a miss.
  RedisCache(redis::Client& client, const secret::Keyring& keys, std::vector<std::string> prefixes = {"cache:"});
  ~RedisCache();
  RedisCache(const RedisCache&) = delete;
  RedisCache& operator=(const RedisCache&) = delete;

  /// `key` begins with one of the prefixes. Returns the cached value, or the result of `load`, which is then stored for
  /// `ttl` (at least 1 s; choose <= 60 s, which bounds the staleness when a server cannot invalidate the key). One
  /// round trip; a hit runs no load. Without Redis every miss loads. Callers that miss during a load of the same key
  /// wait for its value. When a load fails, only its caller gets the exception, and the caller that has waited longest
  /// loads next. A caller that waits until its deadline runs its own `load`, which then reports that no time is left.
  async<std::string> get(const Call& call, std::string key, std::chrono::seconds ttl, Load load);

  /// After this call no server returns the old values of these keys. Call after the change was committed. One round
  /// trip with a deadline of its own, because the invalidation must go out even when its request has no time left. When
  /// Redis is unreachable, the keys stay pending (bounded; beyond that the whole cache is invalidated) and go out
  /// before this process sends Redis anything else.
  async<> invalidate(const Call& call, std::vector<std::string> keys);

  LookupCounts lookups() const noexcept;
  /// Of the local cache that serves while Redis is unreachable.
  LocalCacheStats fallback_stats() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// The arguments of the command that invalidates these keys, and of the one that invalidates all keys with these
/// prefixes: for programs that change rows and have no cache of their own (the command `minschool`).
std::vector<std::string> invalidate_command(const std::vector<std::string>& keys);
std::vector<std::string> invalidate_all_command(const std::vector<std::string>& prefixes);

}  // namespace ms::cache
