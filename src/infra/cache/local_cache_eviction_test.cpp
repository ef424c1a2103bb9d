// Eviction (SIEVE), the bound in bytes, and the counters.
#include <gtest/gtest.h>

#include <string>

#include "infra/cache/local_cache.hpp"
#include "infra/cache/manual_clock.hpp"
#include "infra/core/text.hpp"

namespace ms::cache {
namespace {

using namespace std::chrono_literals;

using TestCache = LocalCache<std::string, std::string, TextHash, ManualClock>;

std::size_t heap_bytes(const std::string&, const std::string& value) { return 1000 * value.size(); }

/// Three entries of three bytes each fit; a fourth does not.
class LocalCacheEvictionTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* key : {"a", "b", "c"}) cache.put(key, "one");
  }
  std::string cached_keys() {
    std::string out;
    for (const char* key : {"a", "b", "c", "d", "e", "f"}) {
      if (contains(key)) out += key;
    }
    return out;
  }
  /// Whether the key is cached; does not count as a use.
  bool contains(const std::string& key) {
    bool found = false;
    cache.invalidate_if([&](const std::string& entry_key, const std::string&) {
      found = found || entry_key == key;
      return false;
    });
    return found;
  }

  TestCache cache{{.name = "test", .max_bytes = 10'000, .ttl = 10min, .heap_bytes = heap_bytes}};
};

TEST_F(LocalCacheEvictionTest, TheOldestGoesFirst) {
  cache.put("d", "one");
  EXPECT_EQ(cached_keys(), "bcd");
  EXPECT_EQ(cache.stats().evictions, 1u);
}

TEST_F(LocalCacheEvictionTest, AnEntryThatWasReadStays) {
  EXPECT_NE(cache.find("a"), nullptr);
  cache.put("d", "one");
  EXPECT_EQ(cached_keys(), "acd");
}

// The hand clears the bits of the entries it passes, and evicts them on its next pass.
TEST_F(LocalCacheEvictionTest, TheHandContinuesWhereItStopped) {
  EXPECT_NE(cache.find("a"), nullptr);
  EXPECT_NE(cache.find("c"), nullptr);
  cache.put("d", "one");  // passes a, evicts b
  EXPECT_EQ(cached_keys(), "acd");
  cache.put("e", "one");  // passes c, evicts d
  EXPECT_EQ(cached_keys(), "ace");
  cache.put("f", "one");  // begins at the oldest again, evicts a
  EXPECT_EQ(cached_keys(), "cef");
}

TEST_F(LocalCacheEvictionTest, WhenAllEntriesWereReadTheOldestGoes) {
  for (const char* key : {"a", "b", "c"}) EXPECT_NE(cache.find(key), nullptr);
  cache.put("d", "one");
  EXPECT_EQ(cached_keys(), "bcd");
}

TEST_F(LocalCacheEvictionTest, TheHandSurvivesTheInvalidationOfItsEntry) {
  EXPECT_NE(cache.find("a"), nullptr);
  cache.put("d", "one");  // evicts b; the hand stands at c
  cache.invalidate("c");
  cache.put("e", "one");
  cache.put("f", "one");
  EXPECT_EQ(cached_keys(), "aef");
}

TEST_F(LocalCacheEvictionTest, IsBoundedInBytesNotInEntries) {
  const auto before = cache.stats().bytes;
  EXPECT_LE(before, 10'000u);
  EXPECT_GT(before, 9'000u);
  cache.put("d", "seven..");
  EXPECT_EQ(cached_keys(), "d");
  EXPECT_EQ(cache.stats().evictions, 3u);
  cache.put("a", "");
  EXPECT_EQ(cached_keys(), "ad");
}

TEST_F(LocalCacheEvictionTest, AValueThatExceedsTheBoundIsNotCached) {
  cache.put("a", "more than ten");
  EXPECT_EQ(cached_keys(), "bc");
  EXPECT_EQ(cache.stats().evictions, 0u);
}

TEST_F(LocalCacheEvictionTest, AValueReplacesThePreviousOne) {
  cache.put("a", "two");
  EXPECT_EQ(*cache.find("a"), "two");
  EXPECT_EQ(cache.stats().evictions, 0u);
  cache.put("d", "one");
  EXPECT_EQ(cached_keys(), "acd");  // `a` is the newest entry now
}

TEST_F(LocalCacheEvictionTest, ExpiredEntriesLeaveBeforeAnythingIsEvicted) {
  ManualClock::elapsed += 9min;
  cache.put("c", "new");
  ManualClock::elapsed += 1min;
  cache.put("d", "one");
  EXPECT_EQ(cached_keys(), "cd");
  EXPECT_EQ(cache.stats().evictions, 0u);
}

TEST_F(LocalCacheEvictionTest, CountsHitsAndMissesAndBytes) {
  EXPECT_NE(cache.find("a"), nullptr);
  EXPECT_EQ(cache.find("z"), nullptr);
  EXPECT_EQ(cache.stats().name, "test");
  EXPECT_EQ(cache.stats().hits, 1u);
  EXPECT_EQ(cache.stats().misses, 1u);
  cache.invalidate("a");
  cache.invalidate("b");
  cache.invalidate("c");
  EXPECT_EQ(cache.stats().bytes, 0u);
  cache.put("a", "one");
  cache.invalidate_all();
  EXPECT_EQ(cache.stats().bytes, 0u);
}

// One pass over many keys that are read only once, such as a crawler's, does not evict the keys in use.
TEST_F(LocalCacheEvictionTest, AScanDoesNotEvictKeysInUse) {
  LocalCache<int, int> numbers({.name = "numbers", .max_bytes = 100'000});
  const auto read = [&numbers](int key) {
    if (numbers.find(key) == nullptr) numbers.put(key, key);
  };
  for (int pass = 0; pass < 3; ++pass) {
    for (int key = 0; key < 100; ++key) read(key);
  }
  for (int key = 1000; key < 100'000; ++key) {
    read(key);
    if (key % 10 == 0) read(key / 10 % 100);
  }
  const auto hits = numbers.stats().hits;
  for (int key = 0; key < 100; ++key) numbers.find(key);
  EXPECT_EQ(numbers.stats().hits - hits, 100u);
  EXPECT_LE(numbers.stats().bytes, 100'000u);
}

}  // namespace
}  // namespace ms::cache
