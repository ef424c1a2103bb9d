#include "features/presence/presence.hpp"

#include <gmock/gmock.h>

#include "features/testing/site_fixture.hpp"
#include "infra/redis/private_redis.hpp"

namespace ms::presence {
namespace {

using namespace std::chrono_literals;
using testing::Optional;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("presence"));

struct OwnRedis {
  redis::PrivateRedis server;
};

class PresenceTest : private OwnRedis, public SiteFixture {
 protected:
  PresenceTest() : SiteFixture("minschool_site", server.config()) {}
  void SetUp() override {
    SiteFixture::SetUp();
    ASSERT_TRUE(pg::run(io, redis.ready(redis::in(10s))));
    writer.when_rights_change([this](const Call& at, MemberId member) { return sessions.evict(at, member); });
  }

  static session::Config session_config() {
    return {.keys = secret::Keyring({"a secret of thirty-two characters"}), .cookie = "sid"};
  }
  void ask_page(session::Viewer viewer, const std::string& address = "192.0.2.1") {
    presence.record_request(viewer, address, "test", now());
  }
  /// Each a second later, so that no cached count is used.
  Counts counts() {
    at_ += 2s;
    return run(presence.counts(call, at_)).value();
  }
  void kill_redis() {
    server.kill();
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (redis.up() && std::chrono::steady_clock::now() < end) io.run_one_for(10ms);
  }

  session::Accounts accounts{db, [] { return false; }};
  session::Sessions sessions{db, redis, accounts, session_config()};
  Presence presence{db, redis, sessions, writer, "secret"};

 private:
  Timestamp at_ = now();
};

TEST_F(PresenceTest, MembersAndGuestsAreCountedOnceEach) {
  ask_page(kWriter);
  ask_page(kWriter, "192.0.2.2");
  ask_page(kReader);
  ask_page(kGuest, "192.0.2.3");
  ask_page(kGuest, "192.0.2.3");
  ask_page(kGuest, "192.0.2.4");
  EXPECT_EQ(counts().members, 2);
  EXPECT_EQ(counts().guests, 2);
}

TEST_F(PresenceTest, AGuestWhoLogsInIsCountedAsAMemberOnly) {
  ask_page(kGuest);
  EXPECT_EQ(counts().guests, 1);
  ask_page(kWriter);
  EXPECT_EQ(counts().guests, 0);
  EXPECT_EQ(counts().members, 1);
}

TEST_F(PresenceTest, AMemberWhoLogsOutOrHidesIsNotOnline) {
  ask_page(kWriter);
  ask_page(kReader);
  run(presence.remove(call, kWriter.id));
  EXPECT_EQ(counts().members, 1);
  ASSERT_TRUE(run(presence.hide(call, kReader, true, false, now())));
  EXPECT_EQ(counts().members, 0);
  EXPECT_EQ(ask("select hides_presence from users where id = 3"), "t");
  session::Viewer hidden = kReader;
  hidden.hidden = true;
  ask_page(hidden);
  EXPECT_EQ(counts().members, 0);
  EXPECT_THAT(code_of(run(presence.hide(call, kReader, false, false, now()))), Optional(ErrorCode::conflict))
      << "the form began with something else";
  ASSERT_TRUE(run(presence.hide(call, kReader, false, true, now())));
  EXPECT_EQ(counts().members, 1);
}

TEST_F(PresenceTest, NamesAreForMembers) {
  ask_page(kWriter);
  ask_page(kReader);
  EXPECT_TRUE(run(presence.online(call, kGuest, now()))->people.empty());
  const auto online = run(presence.online(call, kReader, now()));
  ASSERT_TRUE(online);
  std::vector<std::string> names;
  for (const Person& person : online->people) names.push_back(person.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("김하늘", "이서준"));
  EXPECT_EQ(online->more, 0);
}

TEST_F(PresenceTest, WithoutRedisPresenceIsUnknownAndNothingFails) {
  ask_page(kWriter);
  EXPECT_EQ(counts().members, 1);
  kill_redis();
  ask_page(kReader);
  EXPECT_FALSE(run(presence.counts(call, now() + 10s)));
  EXPECT_FALSE(run(presence.online(call, kReader, now())));
}

}  // namespace
}  // namespace ms::presence
