#include "infra/cache/redis_cache.hpp"

#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "infra/cache/pending_invalidations.hpp"
#include "infra/io/async_event.hpp"
#include "infra/redis/private_redis.hpp"

namespace ms::cache {
namespace {

using namespace std::chrono_literals;
using redis::Command;
using redis::execute;
using redis::in;
using redis::run;
using redis::test_call;

// The source behind the cache: answers when the gate is open, with the value of the moment when the load began.
struct Source {
  std::string value = "old";
  bool open = true;
  bool broken = false;
  int loads = 0;
  std::shared_ptr<io::AsyncEvent> gate = std::make_shared<io::AsyncEvent>();
};

async<std::string> read(Source& source) {
  ++source.loads;
  const std::string value = source.value;
  if (!source.open) co_await io::AsyncEvent::wait(source.gate, in(10s));
  if (source.broken) {
    source.broken = false;
    throw std::runtime_error("the source is gone");
  }
  co_return value;
}

async<std::string> get(RedisCache& cache, std::string key, Source& source, Deadline deadline) {
  const Call call(deadline, "test");
  const RedisCache::Load load = [&source] { return read(source); };
  auto value = co_await cache.get(call, std::move(key), 60s, load);
  co_return value;
}

async<> collect(RedisCache& cache, std::string key, Source& source, std::vector<std::string>& got,
                std::chrono::milliseconds time = 10s) {
  std::string value = "failed";
  try {
    value = co_await get(cache, std::move(key), source, in(time));
  } catch (const std::runtime_error&) {}
  got.push_back(value);
}

async<> invalidate(RedisCache& cache, std::vector<std::string> keys) {
  const Call call = test_call();
  co_await cache.invalidate(call, std::move(keys));
}

class RedisCacheTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(wait_until_up()); }
  bool wait_until_up() { return run(io, client.ready(in(10s))); }
  std::string get_now(const std::string& key) { return run(io, get(cache, key, source, in(10s))); }
  void invalidate_now(const std::string& key) { run(io, invalidate(cache, {key})); }
  void begin(const std::string& key, std::vector<std::string>& got, std::chrono::milliseconds time = 10s) {
    asio::co_spawn(io.get_executor(), collect(cache, key, source, got, time), asio::detached);
  }
  template <class Done>
  void until(Done done) {
    const auto end = in(5s);
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(10ms);
    ASSERT_TRUE(done());
  }
  void open_gate() {
    source.open = true;
    source.gate->notify_all();
  }

  redis::PrivateRedis server;
  asio::io_context io{1};
  redis::Client client{io, server.config()};
  RedisCache cache{client, secret::Keyring({"key"}), {"cache:", "other:"}};
  Source source;
};

TEST_F(RedisCacheTest, LoadsOnceThenHitsUntilInvalidated) {
  EXPECT_EQ(get_now("k"), "old");
  source.value = "new";
  EXPECT_EQ(get_now("k"), "old");
  EXPECT_EQ(source.loads, 1);
  invalidate_now("k");
  EXPECT_EQ(get_now("k"), "new");
  EXPECT_EQ(get_now("k"), "new");
  EXPECT_EQ(source.loads, 2);
  const auto ttl = run(io, execute(client, Command("TTL", "k")));
  EXPECT_GT(ttl->integer, 55);
}

TEST_F(RedisCacheTest, StoresEmptyAndBinaryValues) {
  source.value = "";
  EXPECT_EQ(get_now("empty"), "");
  EXPECT_EQ(get_now("empty"), "");
  source.value = std::string("a:\0\r\n:", 6);
  EXPECT_EQ(get_now("binary"), source.value);
  EXPECT_EQ(get_now("binary"), source.value);
  EXPECT_EQ(source.loads, 2);
}

TEST_F(RedisCacheTest, AValueWithoutOurTagIsAMiss) {
  EXPECT_EQ(get_now("k"), "old");
  const auto stored = run(io, execute(client, Command("GET", "k")))->text;
  source.value = "new";
  for (const std::string& forged : {std::string("forged"), std::string(), "forged" + stored.substr(3), stored + "x",
                                    stored.substr(1), std::string(43, 'x')}) {
    run(io, execute(client, Command("SET", "k", forged, "EX", 60)));
    EXPECT_EQ(get_now("k"), "new") << forged;
  }
  run(io, execute(client, Command("SET", "another", stored)));
  EXPECT_EQ(get_now("another"), "new") << "the value of another key";
  run(io, execute(client, Command("SET", "k", stored)));
  EXPECT_EQ(get_now("k"), "old") << "what was once written there";
}

TEST_F(RedisCacheTest, ALoadThatBeganBeforeAnInvalidationIsNotStored) {
  std::vector<std::string> got;
  source.open = false;
  begin("k", got);
  until([this] { return source.loads == 1; });
  source.value = "new";
  invalidate_now("k");
  open_gate();
  until([&got] { return got.size() == 1; });
  EXPECT_EQ(got[0], "old");  // this caller came before the change
  EXPECT_EQ(get_now("k"), "new");
}

TEST_F(RedisCacheTest, ALoadIsNotStoredAfterAnotherServersInvalidation) {
  redis::Client other_client(io, server.config());
  ASSERT_TRUE(run(io, other_client.ready(in(10s))));
  RedisCache other(other_client, secret::Keyring({"key"}));
  std::vector<std::string> got;
  source.open = false;
  begin("k", got);
  until([this] { return source.loads == 1; });
  source.value = "new";
  run(io, invalidate(other, {"k"}));
  source.open = true;
  EXPECT_EQ(get_now("k"), "new");  // does not join the flight that began before the invalidation
  source.gate->notify_all();
  until([&got] { return got.size() == 1; });
  EXPECT_EQ(get_now("k"), "new");
  EXPECT_EQ(source.loads, 2);
}

TEST_F(RedisCacheTest, ALoadIsNotStoredInARedisThatRestartedEmpty) {
  std::vector<std::string> got;
  source.open = false;
  begin("k", got);
  until([this] { return source.loads == 1; });
  source.value = "new";
  invalidate_now("k");
  server.kill();
  until([this] { return !client.up(); });
  server.start();
  ASSERT_TRUE(wait_until_up());
  open_gate();
  until([&got] { return got.size() == 1; });
  EXPECT_EQ(get_now("k"), "new");
}

TEST_F(RedisCacheTest, AHundredWaitersCostOneLoad) {
  std::vector<std::string> got;
  source.open = false;
  for (int i = 0; i < 100; ++i) begin("k", got);
  until([this] { return source.loads == 1; });
  io.run_for(20ms);
  open_gate();
  until([&got] { return got.size() == 100; });
  EXPECT_EQ(source.loads, 1);
  EXPECT_EQ(std::ranges::count(got, "old"), 100);
}

TEST_F(RedisCacheTest, SingleFlightWorksWithoutRedis) {
  server.kill();
  until([this] { return !client.up(); });
  std::vector<std::string> got;
  source.open = false;
  for (int i = 0; i < 100; ++i) begin("k", got);
  until([this] { return source.loads == 1; });
  io.poll();
  open_gate();
  until([&got] { return got.size() == 100; });
  EXPECT_EQ(source.loads, 1);
}

TEST_F(RedisCacheTest, AFailedLoadFailsItsCallerAndTheNextCallerLoads) {
  std::vector<std::string> got;
  source.open = false;
  source.broken = true;
  for (int i = 0; i < 10; ++i) begin("k", got);
  until([this] { return source.loads == 1; });
  io.run_for(20ms);
  open_gate();
  until([&got] { return got.size() == 10; });
  EXPECT_EQ(source.loads, 2);
  EXPECT_EQ(std::ranges::count(got, "failed"), 1);
  EXPECT_EQ(std::ranges::count(got, "old"), 9);
}

TEST_F(RedisCacheTest, AWaiterOutOfTimeLoadsForItself) {
  std::vector<std::string> slow;
  std::vector<std::string> got;
  source.open = false;
  begin("k", slow);
  until([this] { return source.loads == 1; });
  begin("k", got, 50ms);
  io.run_for(10ms);
  source.open = true;  // for the next load; the first still waits at the gate
  until([&got] { return got.size() == 1; });
  EXPECT_EQ(source.loads, 2);
  source.gate->notify_all();
  until([&slow] { return slow.size() == 1; });
}

TEST_F(RedisCacheTest, AnInvalidationDuringAnOutageArrivesBeforeTheNextRead) {
  EXPECT_EQ(get_now("k"), "old");
  server.freeze();  // Redis keeps the old value
  EXPECT_FALSE(run(io, execute(client, Command("PING"))));
  until([this] { return !client.up(); });
  source.value = "new";
  invalidate_now("k");
  EXPECT_EQ(get_now("k"), "new");
  server.thaw();
  ASSERT_TRUE(wait_until_up());
  EXPECT_EQ(get_now("k"), "new");
}

TEST_F(RedisCacheTest, AnUnconfirmedInvalidationOpensTheCircuit) {
  EXPECT_EQ(get_now("k"), "old");
  server.freeze();
  source.value = "new";
  invalidate_now("k");
  EXPECT_FALSE(client.up());
  server.thaw();
  ASSERT_TRUE(wait_until_up());
  EXPECT_EQ(get_now("k"), "new");
}

TEST_F(RedisCacheTest, TooManyInvalidationsInAnOutageInvalidateEverything) {
  EXPECT_EQ(get_now("cache:bystander"), "old");
  EXPECT_EQ(get_now("other:bystander"), "old");
  EXPECT_EQ(get_now("cache:k0"), "old");
  server.freeze();
  source.value = "new";
  for (std::size_t i = 0; i <= PendingInvalidations::kMaxKeys; ++i) invalidate_now("cache:k" + std::to_string(i));
  server.thaw();
  ASSERT_TRUE(wait_until_up());
  EXPECT_EQ(get_now("cache:k0"), "new");
  EXPECT_EQ(get_now("cache:bystander"), "new");
  EXPECT_EQ(get_now("cache:bystander"), "new");
  EXPECT_EQ(get_now("other:bystander"), "new");
  EXPECT_EQ(source.loads, 6);
}

TEST(PendingInvalidations, KeepsUnconfirmedKeys) {
  PendingInvalidations undelivered;
  undelivered.add({"a", "b"});
  EXPECT_EQ(undelivered.take().keys, (std::vector<std::string>{"a", "b"}));
  undelivered.add({"b", "c"});
  undelivered.delivered();  // "b" was invalidated again during the delivery
  EXPECT_EQ(undelivered.take().keys, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(undelivered.take().keys, (std::vector<std::string>{"b", "c"}));  // the previous delivery failed
  undelivered.delivered();
  EXPECT_TRUE(undelivered.take().empty());
}

}  // namespace
}  // namespace ms::cache
