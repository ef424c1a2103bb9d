// The cache of one thread. It evicts by SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU: an
// Efficient Turn-Key Eviction Algorithm for Web Caches", NSDI '24): a list holds the entries in insertion order, a hit
// sets a bit and moves nothing, and the hand goes from the oldest to the newest entry, clears the bits that are set and
// evicts the first entry whose bit is clear. So keys that were read only once go first. Expired entries are at the old
// end and leave before anything is evicted. Why: docs/decisions/0032-local-cache.md.
#pragma once
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "infra/cache/single_flight.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"

namespace ms::cache {

/// Counts since the start, and the size now.
struct LocalCacheStats {
  std::string_view name;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;  ///< to make room; not the expired or invalidated ones
  std::size_t bytes = 0;
};

/// The hash of a tuple key.
struct TupleHash {
  template <class... Parts>
  std::size_t operator()(const std::tuple<Parts...>& key) const noexcept {
    constexpr std::size_t kGoldenRatio = 0x9e3779b97f4a7c15;
    std::size_t out = 0;
    const auto add = [&out](std::size_t part) { out = (out ^ part) * kGoldenRatio; };
    std::apply([&add](const Parts&... parts) { (add(std::hash<Parts>()(parts)), ...); }, key);
    return out;
  }
};

/// Values by key in the memory of one thread, bounded in bytes. A hit allocates nothing.
template <class Key, class Value, class Hash = std::hash<Key>, class Clock = std::chrono::steady_clock>
class LocalCache {
 public:
  struct Config {
    std::string_view name;                                       ///< the label in metrics; a literal
    std::size_t max_bytes = 0;                                   ///< including the cache's own cost of an entry
    typename Clock::duration ttl = Clock::duration::max();       ///< 0: caches nothing
    std::size_t (*heap_bytes)(const Key&, const Value&) = none;  ///< heap memory that key and value own
  };

  explicit LocalCache(Config config) : config_(config), stats_{.name = config.name} {}
  LocalCache(const LocalCache&) = delete;
  LocalCache& operator=(const LocalCache&) = delete;

  /// The cached value, valid until the next call of another function; null when there is none. Counts as a use.
  template <class K>
  const Value* find(const K& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || expired(found->second)) {
      ++stats_.misses;
      return nullptr;
    }
    ++stats_.hits;
    found->second.visited = true;
    return &found->second.value;
  }

  /// Call it when find() returned null. Runs `loader` by SingleFlight::run and caches its value, unless the key was
  /// invalidated during the load: then only the callers that wait for this load get the value.
  template <class Load>
  async<Value> load(const Call& call, Key key, Load loader) {
    return load(call, std::move(key), std::move(loader), [](const Value&) { return true; });
  }
  /// The same, but caches only values for which `cacheable(value)` is true.
  template <class Load, class Cacheable>
  async<Value> load(const Call& call, Key key, Load loader, Cacheable cacheable) {
    if (config_.ttl == config_.ttl.zero()) return load_alone(std::move(loader));
    auto store = [this, key, cacheable](const Value& value) {
      if (cacheable(value)) put(key, value);
    };
    return flights_.run(call.deadline(), std::move(key), std::move(loader), std::move(store));
  }

  /// Caches a value that the caller knows to be current; replaces the cached one.
  void put(Key key, Value value) {
    if (const auto found = entries_.find(key); found != entries_.end()) remove(found);
    const std::size_t bytes = kEntryBytes + config_.heap_bytes(key, value);
    if (bytes > config_.max_bytes || config_.ttl == config_.ttl.zero()) return;
    make_room(bytes);
    const auto place = entries_.try_emplace(std::move(key), Entry{.value = std::move(value)}).first;
    append(place->first, place->second, bytes);
  }

  /// Later callers get no value of this key that was loaded before, or whose load has begun.
  template <class K>
  void invalidate(const K& key) {
    flights_.invalidate(key);
    if (const auto found = entries_.find(key); found != entries_.end()) remove(found);
  }
  /// The same for all keys for which `matches(key)` is true.
  template <std::predicate<const Key&> Matches>
  void invalidate_if(const Matches& matches) {
    flights_.invalidate_if(matches);
    remove_if([&matches](const auto& entry) { return matches(entry.first); });
  }
  /// The same for all entries for which `matches(key, value)` is true, and for every load in progress.
  template <std::predicate<const Key&, const Value&> Matches>
  void invalidate_if(const Matches& matches) {
    flights_.invalidate_all();
    remove_if([&matches](const auto& entry) { return matches(entry.first, entry.second.value); });
  }
  void invalidate_all() {
    flights_.invalidate_all();
    entries_.clear();
    oldest_ = newest_ = hand_ = nullptr;
    stats_.bytes = 0;
  }

  /// Calls `visit(key, value)` for each entry, which is no use of it. `visit` must not call the cache.
  template <std::invocable<const Key&, const Value&> Visit>
  void for_each(const Visit& visit) const {
    for (const auto& [key, entry] : entries_) visit(key, entry.value);
  }

  /// Callers that wait for another caller's load. Each costs only its coroutine.
  std::size_t waiting() const noexcept { return flights_.waiting(); }
  const LocalCacheStats& stats() const noexcept { return stats_; }

 private:
  struct Entry {
    Value value;
    const Key* key = nullptr;
    typename Clock::time_point until = Clock::time_point::max();
    std::size_t bytes = 0;
    Entry* newer = nullptr;
    Entry* older = nullptr;
    bool visited = false;
  };
  using Entries = std::unordered_map<Key, Entry, Hash, std::equal_to<>>;

  // Includes the pointers and the hash of a node, its bucket, and the allocator's overhead.
  static constexpr std::size_t kEntryBytes = sizeof(typename Entries::value_type) + 4 * sizeof(void*);

  static std::size_t none(const Key&, const Value&) noexcept { return 0; }

  template <class Load>
  static async<Value> load_alone(Load loader) {
    Value value = co_await loader();
    co_return value;
  }

  static bool expired(const Entry& entry) {
    return entry.until != Clock::time_point::max() && Clock::now() >= entry.until;
  }

  void append(const Key& key, Entry& entry, std::size_t bytes) {
    entry.key = &key;
    if (config_.ttl != Clock::duration::max()) entry.until = Clock::now() + config_.ttl;
    entry.bytes = bytes;
    entry.older = newest_;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &entry;
    newest_ = &entry;
    stats_.bytes += bytes;
  }

  Entries::iterator remove(Entries::iterator place) {
    const Entry& entry = place->second;
    if (hand_ == &entry) hand_ = entry.newer;
    (entry.older == nullptr ? oldest_ : entry.older->newer) = entry.newer;
    (entry.newer == nullptr ? newest_ : entry.newer->older) = entry.older;
    stats_.bytes -= entry.bytes;
    return entries_.erase(place);
  }

  template <class Condition>
  void remove_if(const Condition& condition) {
    for (auto place = entries_.begin(); place != entries_.end();) {
      place = condition(*place) ? remove(place) : std::next(place);
    }
  }

  void make_room(std::size_t bytes) {
    while (oldest_ != nullptr && expired(*oldest_)) remove(entries_.find(*oldest_->key));
    while (stats_.bytes + bytes > config_.max_bytes) evict_one();
  }

  void evict_one() {
    Entry* entry = hand_ == nullptr ? oldest_ : hand_;
    while (entry->visited) {
      entry->visited = false;
      entry = entry->newer == nullptr ? oldest_ : entry->newer;
    }
    hand_ = entry->newer;
    remove(entries_.find(*entry->key));
    ++stats_.evictions;
  }

  const Config config_;
  SingleFlight<Key, Value, Hash> flights_;
  Entries entries_;
  Entry* oldest_ = nullptr;
  Entry* newest_ = nullptr;
  Entry* hand_ = nullptr;  ///< where the next eviction begins its search; null: at the oldest
  LocalCacheStats stats_;
};

}  // namespace ms::cache
