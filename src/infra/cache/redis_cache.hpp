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

/// How often get() was asked since the start, by where the value came from.
struct LookupCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t without_redis = 0;
};

/// Cache-aside over Redis: exact invalidation, and one filler per key in this process. One thread.
/// The Client must outlive it; one RedisCache for each Client (it uses Client::before_up). `prefixes`: what its keys
/// begin with.
class RedisCache {
 public:
  /// Gives the fresh value, as a rule from PostgreSQL. Give a function that calls a named coroutine; never a lambda
  /// that is itself a capturing coroutine.
  using Fill = std::function<async<std::string>()>;

  /// `keys` authenticate what is stored: a value that another wrote there counts as none.
  RedisCache(redis::Client& client, const secret::Keyring& keys, std::vector<std::string> prefixes = {"cache:"});
  ~RedisCache();
  RedisCache(const RedisCache&) = delete;
  RedisCache& operator=(const RedisCache&) = delete;

  /// `key` begins with one of the prefixes. The cached value, or what `fill` gives, which is then stored for `ttl` (at
  /// least 1 s; choose <= 60 s, the last line of defence against a server that could not tell the others). One round
  /// trip; a hit runs no fill. While Redis is gone it just fills. Who comes while another fills the same key waits for
  /// that value. When a filler fails, its caller alone gets the exception and the one who waited longest fills next;
  /// who waits until its deadline asks its own `fill`, which then says in its own words that there is no time left.
  async<std::string> get(const Call& call, std::string key, std::chrono::seconds ttl, Fill fill);

  /// Nobody sees the old values of these keys any more, on any server. Call after the change was committed. One round
  /// trip with a deadline of its own, because a change is to be told even when its request has no time left. When Redis
  /// cannot be reached the keys are remembered (bounded; beyond that the whole cache is given up) and dropped before
  /// this process asks Redis for anything again.
  async<> invalidate(const Call& call, std::vector<std::string> keys);

  LookupCounts lookups() const noexcept;
  /// Of what serves while Redis is gone.
  LocalCacheStats fallback_stats() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// The command that drops these keys, and the one that drops all keys with these prefixes, word by word: for who
/// changes rows and has no cache of its own (the command `minschool`).
std::vector<std::string> invalidate_command(const std::vector<std::string>& keys);
std::vector<std::string> invalidate_all_command(const std::vector<std::string>& prefixes);

}  // namespace ms::cache
