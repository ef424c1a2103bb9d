// Lost publications, connections and answers. Each case ends by proving recovery.
#include <gmock/gmock.h>

#include "infra/live/test_hub.hpp"
#include "infra/pg/listen.hpp"
#include "infra/pg/test_proxy.hpp"

namespace ms::live {
namespace {

class HubLoss : public HubFixture {};

TEST_F(HubLoss, ALostPublicationDelaysUntilTheNextSweep) {
  const auto hub = make(fast_sweep_);
  const auto stream = follow(*hub, {}, "p1:0");
  const auto other = follow(*hub, member(7), "u7:0");
  commit(1, 1, "hello");
  commit(7, 1, "a notification");
  ASSERT_TRUE(until([&] { return stream->events.size() == 1 && other->events.size() == 1; }));
  int sweeps = source_->sweeps;  // one of them may have begun before the event was sent
  ASSERT_TRUE(until([&] { return source_->sweeps > sweeps + 1; }));
  sweeps = source_->sweeps;
  const auto queried = source_->queried.size();
  ASSERT_TRUE(until([&] { return source_->sweeps > sweeps + 2; }));
  EXPECT_EQ(source_->queried.size(), queried) << "a sweep that finds no change queries nothing";
}

TEST_F(HubLoss, NumbersThatWentBackReloadThePage) {
  commit_many(1, 1, 5);
  const auto hub = make(fast_sweep_);
  const auto stream = follow(*hub, {}, "p1:5");
  ASSERT_TRUE(confirmed());
  // As after a failover to a server that does not have the last commits.
  pg::TestDatabase::execute("delete from item where event > 3; update topic set number = 3 where id = 1");
  ASSERT_TRUE(until([&] { return stream->events.size() == 1; }));
  EXPECT_EQ(stream->events[0].name, "reload");
  EXPECT_EQ(stream->last_id, "p1:3");
  commit(1, 9, "new four");
  ASSERT_TRUE(until([&] { return stream->last_id == "p1:4"; }));
  EXPECT_EQ(stream->events[1].data, "9@4:new four");
}

TEST_F(HubLoss, WithoutRedisPublicationsGoThroughPostgresAndNothingIsLost) {
  const auto hub = make(no_sweep_);
  pg::Listener listener(
      io_, pg::TestDatabase::conninfo(), {"live"},
      [&](std::string_view, std::string_view message) { hub->on_message(message); }, [](bool) {});
  ASSERT_TRUE(until([&] { return listener.live(); }));
  const auto stream = follow(*hub, {}, "p1:0");
  std::string expected;
  for (int i = 1; i <= 60; ++i) {
    if (i == 20) redis_.kill();
    if (i == 40) {
      redis_.start();
      ASSERT_TRUE(until([&] { return client_.up() && hub->state().subscribed_by_redis; }));
    }
    commit(1, i, "x");
    publisher_.publish({'p', 1});
    ASSERT_TRUE(until([&] { return stream->last_id == "p1:" + std::to_string(i); })) << i;
    expected += std::to_string(i) + "@" + std::to_string(i) + ":x|";
  }
  EXPECT_EQ(data(*stream), expected);
}

TEST_F(HubLoss, ALostDatabaseIsQueriedAgain) {
  auto proxy = std::make_unique<pg::Proxy>(io_);
  proxy->open();
  pg::Db db(io_, {.conninfo = proxy->conninfo(), .fast_connections = 2, .slow_connections = 0});
  const auto source = std::make_shared<TestSource>(db);
  Hub hub(io_, redis_.config(), secret::Keyring({"key"}), fast_sweep_);
  hub.add('p', source);
  ASSERT_TRUE(pg::run(io_, db.ready(redis::in(10s))));
  const auto stream = follow(hub, {}, "p1:0");
  for (int i = 1; i <= 3; ++i) {
    proxy.reset();
    const auto queried = source->queried.size();
    const auto new_stream = follow(hub, {}, "p1:0");
    commit_many(1, i, i);
    hub.on_message("p1");
    ASSERT_TRUE(until([&] { return source->queried.size() > queried && !db.state().up; }));
    proxy = std::make_unique<pg::Proxy>(io_);
    proxy->open();
    const std::string expected = "p1:" + std::to_string(i);
    ASSERT_TRUE(until([&] { return new_stream->last_id == expected && stream->last_id == expected; })) << i;
    EXPECT_EQ(new_stream->events.size(), 1u);
  }
  EXPECT_EQ(data(*stream), "1@1:x|2@2:x|3@3:x|");
}

TEST_F(HubLoss, AQueryThatHangsIsAbandoned) {
  pg::Proxy proxy(io_);
  proxy.open();
  pg::Db db(io_, {.conninfo = proxy.conninfo(), .fast_connections = 1, .slow_connections = 0, .fast_timeout = 300ms});
  const auto source = std::make_shared<TestSource>(db);
  Hub hub(io_, redis_.config(), secret::Keyring({"key"}), fast_sweep_);
  hub.add('p', source);
  ASSERT_TRUE(pg::run(io_, db.ready(redis::in(10s))));
  const auto stream = follow(hub, {}, "p1:0");
  ASSERT_TRUE(confirmed());
  proxy.stall(true);
  commit_many(1, 1, 2);
  hub.on_message("p1");
  ASSERT_TRUE(until([&] { return !db.state().up; }));
  proxy.stall(false);
  ASSERT_TRUE(until([&] { return stream->last_id == "p1:2"; }));
  EXPECT_EQ(data(*stream), "1@1:x\n2@2:x|");
}

TEST_F(HubLoss, ASourceThatThrowsIsQueriedAgain) {
  const auto hub = make(no_sweep_);
  const auto stream = follow(*hub, {}, "p1:0");
  ASSERT_TRUE(confirmed());
  source_->broken = true;
  commit(1, 1, "x");
  hub->on_message("p1 is writing");
  hub->on_message("p1");
  ASSERT_TRUE(until([&] { return source_->queried.size() == 2; }));
  const auto new_stream = follow(*hub, {}, "p1:0");
  commit(1, 2, "y");
  source_->broken = false;
  ASSERT_TRUE(until([&] {
    hub->on_message("p1");
    return stream->last_id == "p1:2" && new_stream->last_id == "p1:2";
  }));
  EXPECT_EQ(data(*stream), "1@1:x\n2@2:y|");
  EXPECT_EQ(data(*new_stream), "1@1:x\n2@2:y|");
}

TEST_F(HubLoss, TheHubMayEndDuringAQueryAndWithOpenStreams) {
  auto hub = make(fast_sweep_);
  const auto stream = follow(*hub, member(7), "p1:0,u7:0");
  auto admission = admit(*hub, member(8), "p1:0");
  ASSERT_TRUE(confirmed());
  source_->held = true;
  const auto queried = source_->queried.size();
  hub->on_message("p1");
  ASSERT_TRUE(until([&] { return source_->queried.size() > queried; }));
  hub.reset();
  commit(1, 1, "too late");
  source_->held = false;
  stream->leave();
  ASSERT_TRUE(until([&] { return source_->answered == 2; }));
  EXPECT_TRUE(stream->events.empty());
  EXPECT_EQ(stream->last_bytes(), "");
}

}  // namespace
}  // namespace ms::live
