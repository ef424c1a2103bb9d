#include "infra/cache/memory.hpp"

#include <gmock/gmock.h>

#include <boost/asio/detached.hpp>
#include <stdexcept>
#include <vector>

#include "infra/redis/private_redis.hpp"

namespace ms::cache {
namespace {

using namespace std::chrono_literals;
using redis::in;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

using Ptr = std::shared_ptr<const std::string>;

/// The truth behind the memory: answers when the gate is open, with the value it had when it was asked.
struct Source {
  explicit Source(asio::io_context& io) : gate(std::make_shared<redis::Bell>(io)) {}
  std::string value = "old";
  bool open = true;
  bool broken = false;
  int fills = 0;
  std::shared_ptr<redis::Bell> gate;
};

async<Ptr> read(Source& source) {
  ++source.fills;
  auto value = std::make_shared<const std::string>(source.value);
  if (!source.open) co_await redis::Bell::wait(source.gate, in(10s));
  if (std::exchange(source.broken, false)) throw std::runtime_error("the truth is gone");
  co_return value;
}

async<> collect(Memory<std::string>& memory, std::string key, Source& source, std::vector<std::string>& got) {
  const Memory<std::string>::Fill fill = [&source] { return read(source); };
  std::string value = "failed";
  try {
    const Ptr found = co_await memory.get(Call(in(10s), "test"), false, std::move(key), fill);
    value = *found;
  } catch (const std::runtime_error&) {}
  got.push_back(value);
}

class MemoryTest : public testing::Test {
 protected:
  void execute(const std::string& key) {
    asio::co_spawn(io.get_executor(), collect(memory, key, source, got), asio::detached);
    io.restart();
    io.poll();
  }
  void open_gate() {
    source.open = true;
    source.gate->ring_all();
    io.restart();
    io.poll();
  }

  asio::io_context io{1};
  Source source{io};
  Memory<std::string> memory{io, 10min, 3};
  std::vector<std::string> got;
};

TEST_F(MemoryTest, ShowsWhatWasReadUntilItIsForgotten) {
  execute("a");
  source.value = "new";
  execute("a");
  execute("b");
  memory.forget();
  execute("a");
  EXPECT_THAT(got, ElementsAre("old", "old", "new", "new"));
  EXPECT_EQ(source.fills, 3);
}

TEST_F(MemoryTest, ForgetsWhatAChangeConcerns) {
  execute("a1");
  execute("a2");
  execute("b1");
  source.value = "new";
  memory.forget([](std::string_view key, const std::string* value) { return key.starts_with('a') && *value == "old"; });
  execute("a1");
  execute("a2");
  execute("b1");
  EXPECT_THAT(got, ElementsAre("old", "old", "old", "new", "new", "old"));
}

TEST_F(MemoryTest, WhatIsBeingReadIsNotKeptWhateverChanged) {
  source.open = false;
  execute("a");
  source.value = "new";
  memory.forget([](std::string_view, const std::string*) { return false; });
  execute("a");
  EXPECT_EQ(source.fills, 2);
  open_gate();
  execute("a");
  EXPECT_THAT(got, UnorderedElementsAre("old", "new", "new"));
}

TEST_F(MemoryTest, ACrowdIsOneQuestion) {
  source.open = false;
  for (int i = 0; i < 3; ++i) execute("a");
  EXPECT_EQ(source.fills, 1);
  EXPECT_EQ(memory.waiting(), 2u);
  open_gate();
  EXPECT_EQ(memory.waiting(), 0u);
  EXPECT_THAT(got, ElementsAre("old", "old", "old"));
}

TEST_F(MemoryTest, WhatWasBeingReadWhenItChangedIsShownOnlyToWhoAskedBefore) {
  source.open = false;
  execute("a");
  source.value = "new";
  memory.forget();
  source.open = true;
  execute("a");
  EXPECT_THAT(got, ElementsAre("new"));
  open_gate();
  execute("a");
  EXPECT_THAT(got, ElementsAre("new", "old", "new"));
  EXPECT_EQ(source.fills, 2);
}

TEST_F(MemoryTest, AFailureIsNotRememberedAndHitsNobodyElse) {
  source.open = false;
  source.broken = true;
  execute("a");
  execute("a");
  open_gate();
  execute("a");
  EXPECT_THAT(got, testing::UnorderedElementsAre("failed", "old", "old"));
}

TEST_F(MemoryTest, KeepsNoMoreThanItsLimitAndNothingWithoutTime) {
  for (const char* key : {"a", "b", "c", "d", "d"}) execute(key);
  EXPECT_EQ(source.fills, 4);
  execute("a");
  EXPECT_EQ(source.fills, 5);
  Memory<std::string> none(io, 0ms, 3);
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(io.get_executor(), collect(none, "a", source, got), asio::detached);
    io.restart();
    io.poll();
  }
  EXPECT_EQ(source.fills, 7);
}

}  // namespace
}  // namespace ms::cache
