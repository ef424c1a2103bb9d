#include "infra/cache/local_cache.hpp"

#include <gmock/gmock.h>

#include <boost/asio/detached.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "infra/cache/manual_clock.hpp"
#include "infra/core/text.hpp"
#include "infra/io/use_awaitable.hpp"
#include "infra/redis/private_redis.hpp"

namespace ms::cache {
namespace {

using namespace std::chrono_literals;
using redis::in;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

using TestCache = LocalCache<std::string, std::string, TextHash, ManualClock>;

/// The source behind the cache: answers when the gate is open, with the value of the moment when the load began.
struct Source {
  std::string value = "old";
  bool open = true;
  bool broken = false;
  int loads = 0;
  std::shared_ptr<io::AsyncEvent> gate = std::make_shared<io::AsyncEvent>();
};

async<std::string> read(Source& source, Deadline deadline) {
  ++source.loads;
  const std::string value = source.value;
  const bool broken = std::exchange(source.broken, false);
  if (!source.open) {
    const bool answered = co_await io::AsyncEvent::wait(source.gate, deadline);
    if (!answered) throw std::runtime_error("no time left");
  }
  if (broken) throw std::runtime_error("the source is gone");
  co_return value;
}

/// Reads as the callers of a cache do.
async<std::string> get(TestCache& cache, std::string key, Source& source, Deadline deadline) {
  if (const std::string* cached = cache.find(key)) co_return *cached;
  const auto load = [&source, deadline] { return read(source, deadline); };
  auto value = co_await cache.load(Call(deadline, "test"), std::move(key), load);
  co_return value;
}

async<> collect(TestCache& cache, std::string key, Source& source, std::vector<std::string>& got, Deadline deadline) {
  std::string value = "failed";
  try {
    value = co_await get(cache, std::move(key), source, deadline);
  } catch (const std::runtime_error&) {}
  got.push_back(value);
}

using Handler = asio::async_result<io::UseAwaitable, void()>::handler_type;

/// Resumes when the handler is called; the coroutine is destroyed with the handler.
async<std::string> never(std::optional<Handler>& handler) {
  const auto initiate = [&handler](Handler given) { handler.emplace(std::move(given)); };
  co_await asio::async_initiate<const io::UseAwaitable, void()>(initiate, io::kUseAwaitable);
  co_return "never";
}

async<> load_without_answer(TestCache& cache, std::string key, std::optional<Handler>& handler) {
  const auto load = [&handler] { return never(handler); };
  co_await cache.load(Call(in(10s), "test"), std::move(key), load);
}

std::size_t heap_bytes(const std::string&, const std::string& value) { return 1000 * value.size(); }

class LocalCacheTest : public testing::Test {
 protected:
  void spawn(const std::string& key, std::chrono::milliseconds time = 10s) {
    asio::co_spawn(context.get_executor(), collect(cache, key, source, got, in(time)), asio::detached);
  }
  void execute(const std::string& key, std::chrono::milliseconds time = 10s) {
    spawn(key, time);
    run();
  }
  /// Loads until destroy_loader().
  void begin_load_without_answer(const std::string& key) {
    asio::co_spawn(context.get_executor(), load_without_answer(cache, key, loader), asio::detached);
    run();
  }
  void destroy_loader() {
    loader.reset();
    run();
  }
  void run() {
    context.restart();
    context.poll();
  }
  void open_gate() {
    source.open = true;
    source.gate->notify_all();
    run();
  }

  asio::io_context context{1};
  std::optional<Handler> loader;
  Source source;
  TestCache cache{{.name = "test", .max_bytes = 10'000, .ttl = 10min, .heap_bytes = heap_bytes}};
  std::vector<std::string> got;
};

TEST_F(LocalCacheTest, ServesACachedValueUntilItIsInvalidated) {
  execute("a");
  source.value = "new";
  execute("a");
  execute("b");
  cache.invalidate_all();
  execute("a");
  EXPECT_THAT(got, ElementsAre("old", "old", "new", "new"));
  EXPECT_EQ(source.loads, 3);
}

TEST_F(LocalCacheTest, InvalidatesOneKey) {
  execute("a");
  execute("b");
  source.value = "new";
  cache.invalidate(std::string_view("a"));
  execute("a");
  execute("b");
  EXPECT_THAT(got, ElementsAre("old", "old", "new", "old"));
}

TEST_F(LocalCacheTest, InvalidatesTheMatchingKeys) {
  for (const char* key : {"a1", "a2", "b1"}) execute(key);
  source.value = "new";
  cache.invalidate_if(
      [](const std::string& key, const std::string& value) { return key.starts_with('a') && value == "old"; });
  for (const char* key : {"a1", "a2", "b1"}) execute(key);
  EXPECT_THAT(got, ElementsAre("old", "old", "old", "new", "new", "old"));
}

TEST_F(LocalCacheTest, ALoadInProgressIsNotCachedAfterAnyInvalidation) {
  source.open = false;
  execute("a");
  source.value = "new";
  cache.invalidate_if([](const std::string&, const std::string&) { return false; });
  execute("a");
  EXPECT_EQ(source.loads, 2);
  open_gate();
  execute("a");
  EXPECT_THAT(got, UnorderedElementsAre("old", "new", "new"));
}

TEST_F(LocalCacheTest, ConcurrentCallersShareOneLoad) {
  source.open = false;
  for (int i = 0; i < 3; ++i) execute("a");
  EXPECT_EQ(source.loads, 1);
  EXPECT_EQ(cache.waiting(), 2u);
  open_gate();
  EXPECT_EQ(cache.waiting(), 0u);
  EXPECT_THAT(got, ElementsAre("old", "old", "old"));
}

TEST_F(LocalCacheTest, ALoadThatWasInvalidatedServesOnlyEarlierCallers) {
  for (const bool one_key : {true, false}) {
    got.clear();
    source.loads = 0;
    source.value = "old";
    source.open = false;
    execute("a");
    execute("a");
    source.value = "new";
    one_key ? cache.invalidate("a") : cache.invalidate_all();
    source.open = true;
    execute("a");
    EXPECT_THAT(got, ElementsAre("new"));
    open_gate();
    execute("a");
    EXPECT_THAT(got, ElementsAre("new", "old", "old", "new"));
    EXPECT_EQ(source.loads, 2);
    cache.invalidate_all();
  }
}

TEST_F(LocalCacheTest, InvalidatingAnotherKeyDoesNotAffectALoad) {
  source.open = false;
  execute("a");
  cache.invalidate("b");
  open_gate();
  execute("a");
  EXPECT_EQ(source.loads, 1);
}

TEST_F(LocalCacheTest, AFailureIsNotCachedAndAffectsOnlyItsCaller) {
  source.open = false;
  source.broken = true;
  execute("a");
  execute("a");
  open_gate();
  execute("a");
  EXPECT_THAT(got, UnorderedElementsAre("failed", "old", "old"));
}

TEST_F(LocalCacheTest, AfterAFailureOneWaiterLoads) {
  source.open = false;
  source.broken = true;
  for (int i = 0; i < 4; ++i) execute("a");
  open_gate();
  EXPECT_EQ(source.loads, 2);
  EXPECT_THAT(got, ElementsAre("failed", "old", "old", "old"));
}

TEST_F(LocalCacheTest, ADestroyedLoaderBlocksNoWaiter) {
  begin_load_without_answer("a");
  for (int i = 0; i < 3; ++i) execute("a");
  EXPECT_EQ(source.loads, 0);
  destroy_loader();
  EXPECT_EQ(source.loads, 1);
  EXPECT_THAT(got, ElementsAre("old", "old", "old"));
  execute("a");
  EXPECT_EQ(source.loads, 1);
}

TEST_F(LocalCacheTest, ADestroyedLoaderWithoutWaitersLeavesNoFlight) {
  begin_load_without_answer("a");
  destroy_loader();
  execute("a");
  EXPECT_THAT(got, ElementsAre("old"));
  execute("a");
  EXPECT_EQ(source.loads, 1);
}

TEST_F(LocalCacheTest, ADestroyedLoaderOfAnInvalidatedKeyBlocksNoWaiter) {
  begin_load_without_answer("a");
  execute("a");
  cache.invalidate("a");
  execute("a");
  EXPECT_THAT(got, ElementsAre("old"));
  destroy_loader();
  EXPECT_THAT(got, ElementsAre("old", "old"));
}

TEST(LocalCache, CoroutinesMayBeDestroyedAfterTheCache) {
  auto context = std::make_unique<asio::io_context>(1);
  Source source;
  std::vector<std::string> got;
  source.open = false;
  {
    TestCache cache({.name = "test", .max_bytes = 10'000});
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(context->get_executor(), collect(cache, "a", source, got, in(10s)), asio::detached);
    }
    context->poll();
  }
  context.reset();
  EXPECT_TRUE(got.empty());
}

TEST_F(LocalCacheTest, ACallerThatWaitsUntilItsDeadlineLoadsAlone) {
  source.open = false;
  execute("a");
  execute("a", 20ms);
  const auto end = in(5s);
  while (got.empty() && in(0s) < end) {
    context.restart();
    context.run_one_for(10ms);
  }
  EXPECT_THAT(got, ElementsAre("failed"));
  EXPECT_EQ(source.loads, 2);
  EXPECT_EQ(cache.waiting(), 0u);
  open_gate();
  EXPECT_THAT(got, ElementsAre("failed", "old"));
}

TEST_F(LocalCacheTest, AnExpiredValueIsLoadedAgain) {
  execute("a");
  ManualClock::elapsed += 10min - 1ns;
  execute("a");
  EXPECT_EQ(source.loads, 1);
  ManualClock::elapsed += 1ns;
  execute("a");
  EXPECT_EQ(source.loads, 2);
}

TEST_F(LocalCacheTest, WithoutATtlNothingIsCachedAndNobodyWaits) {
  TestCache none({.name = "none", .max_bytes = 10'000, .ttl = ManualClock::duration::zero()});
  source.open = false;
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(context.get_executor(), collect(none, "a", source, got, in(10s)), asio::detached);
    run();
  }
  EXPECT_EQ(source.loads, 2);
  EXPECT_EQ(none.waiting(), 0u);
  open_gate();
  EXPECT_EQ(none.stats().bytes, 0u);
}

TEST_F(LocalCacheTest, CachesOnlyCacheableValues) {
  const auto load = [this] { return read(source, in(10s)); };
  const auto never = [](const std::string&) { return false; };
  redis::run(context, cache.load(Call(in(10s), "test"), "a", load, never));
  EXPECT_EQ(cache.find("a"), nullptr);
}

}  // namespace
}  // namespace ms::cache
