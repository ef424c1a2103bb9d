#include "infra/live/publisher.hpp"

#include <gmock/gmock.h>

#include "infra/live/test_hub.hpp"
#include "infra/pg/listen.hpp"

namespace ms::live {
namespace {

using testing::ElementsAre;

class PublisherTest : public HubFixture {
 protected:
  std::vector<std::string> by_redis_;
  std::vector<std::string> by_postgres_;
  bool subscribed_ = false;
  redis::Subscriber subscriber_{io_,
                                redis_.config(),
                                {"live"},
                                [this](std::string_view, std::string_view message) { by_redis_.emplace_back(message); },
                                [this](bool connected) { subscribed_ = connected; }};
  pg::Listener listener_{io_,
                         pg::TestDatabase::conninfo(),
                         {"live"},
                         [this](std::string_view, std::string_view message) { by_postgres_.emplace_back(message); },
                         [](bool) {}};
};

TEST_F(PublisherTest, TopicsOfOneTurnGoOutTogetherAndOnce) {
  ASSERT_TRUE(until([&] { return subscribed_ && listener_.live(); }));
  publisher_.publish({'p', 34});
  publisher_.publish({'u', 7});
  publisher_.publish({'p', 34});
  pg::run(io_, publisher_.flush(redis::in(10s)));
  publisher_.publish({'b', 3});
  publisher_.publish_transient({'p', 34}, "is writing");
  ASSERT_TRUE(until([&] { return by_redis_.size() == 3; }));
  EXPECT_THAT(by_redis_, testing::UnorderedElementsAre("p34,u7", "b3", testing::StartsWith("p34 is writing ")));
  EXPECT_THAT(by_postgres_, ElementsAre());
}

TEST_F(PublisherTest, PostgresTakesWhatRedisDoesNotTake) {
  ASSERT_TRUE(until([&] { return subscribed_ && listener_.live(); }));
  redis_.kill();
  ASSERT_TRUE(until([&] { return !client_.up(); }));
  for (int i = 1000; i < 1500; ++i) publisher_.publish({'p', 1'000'000'000'000'000'000 + i});
  publisher_.publish_transient({'p', 34}, "is writing");
  pg::run(io_, publisher_.flush(redis::in(10s)));
  ASSERT_TRUE(until([&] { return by_postgres_.size() == 2; }));
  EXPECT_EQ(std::ranges::count(by_postgres_[0] + "," + by_postgres_[1], 'p'), 500) << "transients need Redis";
  redis_.start();
  ASSERT_TRUE(until([&] { return client_.up() && subscribed_; }));
  publisher_.publish({'p', 1});
  ASSERT_TRUE(until([&] { return !by_redis_.empty(); }));
  EXPECT_THAT(by_redis_, ElementsAre("p1"));
}

TEST_F(PublisherTest, TopicsThatNeitherTakesAreDropped) {
  redis::PrivateRedis stopped;
  redis::Client redis(io_, stopped.config());
  stopped.kill();
  pg::Db db(io_, {.conninfo = pg::TestDatabase::conninfo() + " port=1"});
  Publisher publisher(io_, db, redis, secret::Keyring({"key"}));
  for (int i = 1; i < 10'000; ++i) publisher.publish({'p', i});
  const Deadline soon = redis::in(50ms);
  pg::run(io_, publisher.flush(soon));
  EXPECT_GE(std::chrono::steady_clock::now(), soon) << "some topics still waited";
  const Deadline limit = redis::in(60s);
  pg::run(io_, publisher.flush(limit));
  EXPECT_LT(std::chrono::steady_clock::now(), limit) << "no topic waits any more";
  publisher.publish({'p', 1});  // the publisher may be destroyed while a topic waits
}

}  // namespace
}  // namespace ms::live
