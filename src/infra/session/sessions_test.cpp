#include "infra/session/sessions.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "infra/core/secret.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/redis/private_redis.hpp"
#include "infra/session/cookie.hpp"

namespace ms::session {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using pg::TestDatabase;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("session"));

constexpr const char* kSecret = "a secret of at least thirty-two characters";
constexpr UserId kAnna{1};
constexpr UserId kBoris{2};
constexpr auto kDay = 24h;

Config config_of(std::string realm, bool adopt) {
  return {.realm = std::move(realm), .secret = kSecret, .cookie = "connect.sid", .adopt = adopt};
}

/// One app server: its own memory, hearing no notifications, so that it asks PostgreSQL each time.
struct Server {
  Server(pg::Db& db, redis::Client& redis, Config config)
      : accounts(db, [] { return false; }), sessions(db, redis, accounts, std::move(config)) {}
  Accounts accounts;
  Sessions sessions;
};

async<Viewer> identify(Sessions& sessions, std::string cookie, Use use = Use::counts) {
  const Call call = redis::calm();
  co_return co_await sessions.identify(call, cookie, use);
}
async<std::string> open(Sessions& sessions, UserId user, bool remember) {
  const Call call = redis::calm();
  co_return co_await sessions.open(call, user, remember, false, {"127.0.0.1", "test"});
}
async<std::string> close(Sessions& sessions, Viewer viewer) {
  const Call call = redis::calm();
  co_return co_await sessions.close(call, viewer, false);
}
async<bool> revoke(Sessions& sessions, UserId user, std::string key) {
  const Call call = redis::calm();
  co_return co_await sessions.revoke(call, user, key);
}
async<void> revoke_everywhere(Sessions& sessions, UserId user) {
  const Call call = redis::calm();
  co_await sessions.revoke_everywhere(call, user);
}

/// What express-session writes: saved `ago`, alive for a day after that.
json::object express(json::value user, std::chrono::seconds ago = 0s) {
  return {{"cookie",
           {{"originalMaxAge", std::chrono::milliseconds(kDay).count()},
            {"expires", rfc3339(now() - ago + kDay)},
            {"httpOnly", true},
            {"path", "/"},
            {"secure", true}}},
          {"userId", std::move(user)},
          {"cart", {"a", "b"}}};
}

class SessionsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    sql(R"(set client_min_messages = warning; truncate users restart identity cascade;
           insert into users (email, name, password_hash) values ('a@test', '안나', ''), ('b@test', '보리스', ''))");
    ASSERT_TRUE(pg::run(io, db.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, client.ready(redis::in(10s))));
  }

  static std::string sql(const std::string& text) { return TestDatabase::execute(text); }
  redis::Reply redis(redis::Command command) {
    return pg::run(io, redis::ask(client, std::move(command))).value_or(redis::Reply());
  }
  static std::string key(const std::string& id) { return "session:" + id; }
  bool in_redis(const std::string& id) { return redis(redis::Command("EXISTS", key(id))).integer == 1; }
  json::object stored(const std::string& id) {
    return json::parse(redis(redis::Command("GET", key(id))).text).as_object();
  }
  void put(const std::string& id, const json::object& session) {
    redis(redis::Command("SET", key(id), json::serialize(session), "EX", 1000));
  }
  /// As if Express had made it; gives the id.
  std::string put(const json::object& session) {
    const std::string id = new_id();
    put(id, session);
    return id;
  }
  /// As if the last request had been so long ago.
  void age(const std::string& id, std::chrono::seconds by) {
    auto session = stored(id);
    session["touched"] = session["touched"].as_int64() - by.count();
    put(id, session);
    const auto seconds = std::to_string(by.count());
    sql("update sessions set seen_at = seen_at - " + seconds + " * interval '1 s', expires_at = expires_at - " +
        seconds + " * interval '1 s' where encode(id_hash, 'hex') = '" + Sessions::key_of(id) + "'");
  }
  UserId who(const std::string& id, Server& at, Use use = Use::counts) {
    return pg::run(io, identify(at.sessions, sign(id, kSecret), use)).id;
  }
  UserId who(const std::string& id) { return who(id, site); }
  /// A new login; gives the id.
  std::string login(Server& at, UserId user = kAnna, bool remember = false) {
    const std::string line = pg::run(io, open(at.sessions, user, remember));
    const auto begin = line.find('=') + 1;
    return unsign(line.substr(begin, line.find(';') - begin), kSecret).value();
  }
  static std::string rows(const std::string& where = "true") {
    return sql("select count(*) from sessions where " + where);
  }

  asio::io_context io{1};
  redis::PrivateRedis server;
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo()}};
  redis::Client client{io, server.config()};
  Server site{db, client, config_of("site", false)};
  Server admin{db, client, config_of("admin", false)};
  Server moving{db, client, config_of("site", true)};  ///< with an Express program beside it
};

TEST_F(SessionsTest, ALoginIsKnownFromRedisAndFromPostgres) {
  const auto id = login(site);
  EXPECT_EQ(who(id), kAnna);
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(who(id), kAnna);
  EXPECT_TRUE(in_redis(id));
  EXPECT_FALSE(who(new_id()));
  EXPECT_FALSE(pg::run(io, identify(site.sessions, sign(id, "another secret"))).signed_in());
}

TEST_F(SessionsTest, OutlivesRedis) {
  const auto id = login(site);
  server.kill();
  EXPECT_EQ(who(id), kAnna);
  const auto second = login(moving);
  EXPECT_EQ(who(second, moving), kAnna);
  server.start();
  ASSERT_TRUE(pg::run(io, client.ready(redis::in(10s))));
  EXPECT_EQ(who(id), kAnna);
  EXPECT_EQ(who(second, moving), kAnna);
}

TEST_F(SessionsTest, AnotherEpochAsksTheRow) {
  const auto id = login(site);
  sql("select ms_member_changed(1)");
  EXPECT_EQ(who(id), kAnna);
  EXPECT_EQ(stored(id)["epoch"], 2);
  sql("delete from sessions; select ms_member_changed(1)");
  EXPECT_FALSE(who(id));
  EXPECT_FALSE(in_redis(id));
}

TEST_F(SessionsTest, OneOrAllLoginsEnd) {
  const auto first = login(site), second = login(site), third = login(site), other = login(site, kBoris);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(first, kSecret)))));
  EXPECT_FALSE(who(first));
  EXPECT_FALSE(pg::run(io, revoke(site.sessions, kBoris, Sessions::key_of(second))));
  EXPECT_TRUE(pg::run(io, revoke(site.sessions, kAnna, Sessions::key_of(second))));
  EXPECT_FALSE(who(second));
  EXPECT_EQ(who(third), kAnna);
  pg::run(io, revoke_everywhere(site.sessions, kAnna));
  EXPECT_FALSE(who(third));
  EXPECT_EQ(who(other), kBoris);
}

TEST_F(SessionsTest, RealmsAreApart) {
  const auto id = login(site);
  const auto of_admin = login(admin);
  EXPECT_FALSE(who(id, admin));
  EXPECT_FALSE(who(of_admin, site));
  EXPECT_FALSE(who(of_admin, moving));
  EXPECT_EQ(who(id, site), kAnna);
  EXPECT_EQ(who(of_admin, admin), kAnna);
}

TEST_F(SessionsTest, UseIsWrittenDownEveryFiveMinutes) {
  const auto id = login(site);
  age(id, 4min);
  EXPECT_EQ(who(id), kAnna);
  EXPECT_EQ(rows("seen_at > now() - interval '1 minute'"), "0");
  age(id, 2min);
  EXPECT_EQ(who(id), kAnna);
  EXPECT_EQ(rows("seen_at > now() - interval '1 minute' and expires_at > now() + interval '23 h 59 min'"), "1");
}

TEST_F(SessionsTest, WhatAPageDoesByItselfPutsNothingOff) {
  for (Server* server : {&site, &moving}) {
    const auto id = login(*server);
    age(id, 6min);
    const auto lives = [&] { return redis(redis::Command("TTL", key(id))).integer; };
    EXPECT_EQ(who(id, *server, Use::none), kAnna);
    EXPECT_LE(lives(), 1000);
    EXPECT_EQ(who(id, *server), kAnna);
    EXPECT_GT(lives(), 1000);
    age(id, 6min);
    redis(redis::Command("DEL", key(id)));
    redis(redis::Command("DEL", "sessions:since"));  // that Redis was emptied
    EXPECT_EQ(who(id, *server, Use::none), kAnna) << "the row still knows it";
    EXPECT_FALSE(in_redis(id));
    EXPECT_EQ(rows("seen_at > now() - interval '1 minute'"), "0");
    sql("update sessions set expires_at = now() - interval '1 s'");
    EXPECT_FALSE(who(id, *server, Use::none));
  }
}

TEST_F(SessionsTest, EndsAfterADayUnlessRemembered) {
  const auto id = login(moving);
  const auto remembered = login(moving, kAnna, true);
  for (const auto& one : {id, remembered}) {
    age(one, kDay + 1min);
    redis(redis::Command("DEL", key(one)));  // it ran out
  }
  EXPECT_FALSE(who(id, moving));
  EXPECT_EQ(who(remembered, moving), kAnna);
}

TEST_F(SessionsTest, AForeignSessionIsAGuestsUnlessAdopted) {
  const auto id = put(express("1"));
  EXPECT_FALSE(who(id, site));
  EXPECT_FALSE(who(id, admin));
  EXPECT_TRUE(in_redis(id));
  EXPECT_EQ(who(id, moving), kAnna);
  EXPECT_EQ(rows("shared and realm = 'site' and user_id = 1"), "1");
  EXPECT_EQ(who(id, moving), kAnna);
  EXPECT_FALSE(who(id, admin));
  EXPECT_EQ(who(put(express(2)), moving), kBoris);
}

TEST_F(SessionsTest, WhatNamesNobodyIsLeftAlone) {
  for (const json::value& user : {json::value("x"), json::value("1x"), json::value(""), json::value(-1),
                                  json::value(99), json::value(1.5), json::value(nullptr)}) {
    const auto id = put(express(user));
    EXPECT_FALSE(who(id, moving)) << user;
    EXPECT_TRUE(in_redis(id)) << user;
  }
  const auto id = new_id();
  redis(redis::Command("SET", key(id), "no json"));
  EXPECT_FALSE(who(id, moving));
  EXPECT_EQ(rows(), "0");
}

TEST_F(SessionsTest, ForeignFieldsSurvive) {
  const auto id = put(express("1"));
  EXPECT_EQ(who(id, moving), kAnna);
  age(id, 6min);
  EXPECT_EQ(who(id, moving), kAnna);
  sql("select ms_member_changed(1)");
  EXPECT_EQ(who(id, moving), kAnna);
  auto session = stored(id);
  EXPECT_EQ(session["cart"], json::value({"a", "b"}));
  EXPECT_EQ(session["userId"], "1");
  EXPECT_EQ(session["email"], "a@test");
  EXPECT_EQ(session["cookie"].at("secure"), true);
  EXPECT_EQ(session["epoch"], 2);
  EXPECT_GT(redis(redis::Command("TTL", key(id))).integer, std::chrono::seconds(kDay).count() - 60);
}

TEST_F(SessionsTest, TheSuspendedAndRevokedAreNotAdopted) {
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  auto id = put(express(1));
  EXPECT_FALSE(who(id, moving));
  EXPECT_FALSE(in_redis(id));
  sql("update users set suspended_until = null where id = 1");

  pg::run(io, revoke_everywhere(site.sessions, kAnna));
  id = put(express(1, 2s));
  EXPECT_FALSE(who(id, moving));
  EXPECT_FALSE(in_redis(id));
  auto undated = express(1);
  undated.erase("cookie");
  EXPECT_FALSE(who(put(undated), moving));
  EXPECT_EQ(who(put(express(1, -2s)), moving), kAnna) << "saved after the revocation";
  EXPECT_EQ(who(put(express(2, 2s)), moving), kBoris);
}

TEST_F(SessionsTest, WhatEndedThereIsEnded) {
  const auto foreign = put(express(1)), own = login(moving), emptied = put(express(1));
  for (const auto& id : {foreign, own, emptied}) ASSERT_EQ(who(id, moving), kAnna);
  redis(redis::Command("DEL", key(foreign)));
  redis(redis::Command("DEL", key(own)));
  auto without = stored(emptied);
  without.erase("userId");
  put(emptied, without);
  for (const auto& id : {foreign, own, emptied}) EXPECT_FALSE(who(id, moving));
  EXPECT_EQ(rows(), "0");
  EXPECT_TRUE(in_redis(emptied)) << "a guest's session there";
}

TEST_F(SessionsTest, RedisThatLostItsMemoryEndsNothing) {
  const auto foreign = put(express(1)), own = login(moving);
  ASSERT_EQ(who(foreign, moving), kAnna);
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(who(foreign, moving), kAnna);
  EXPECT_EQ(who(own, moving), kAnna);
  redis(redis::Command("DEL", key(own)));
  EXPECT_FALSE(who(own, moving)) << "but what ends there afterwards is ended";
  EXPECT_EQ(who(foreign, moving), kAnna);
}

TEST_F(SessionsTest, AnotherMemberUnderTheSameIdTakesTheSessionOver) {
  const auto id = put(express(1));
  ASSERT_EQ(who(id, moving), kAnna);
  auto session = stored(id);
  session["userId"] = "2";
  put(id, session);
  EXPECT_EQ(who(id, moving), kBoris);
  EXPECT_EQ(rows("user_id = 2"), "1");
  EXPECT_EQ(rows(), "1");
}

TEST_F(SessionsTest, WhatWasUsedOnlyThereIsAdoptedAgain) {
  const auto id = put(express(1));
  ASSERT_EQ(who(id, moving), kAnna);
  age(id, 10min);
  sql("delete from sessions");
  EXPECT_EQ(who(id, moving), kAnna);
  EXPECT_EQ(rows("shared"), "1");
}

/// A server that remembers sessions; notifications of PostgreSQL are late as long as `io` does not run.
struct Remembering {
  Remembering(asio::io_context& io, pg::Db& db, redis::Client& redis, redis::Config config, std::string realm)
      : accounts(db, [] { return true; }),
        sessions(db, redis, accounts, config_of(std::move(realm), false)),
        endings(
            io, calm(std::move(config)), {Sessions::kChannel},
            [this](std::string_view, std::string_view member) { accounts.changed(member); }, [](bool) {}) {
    sessions.remember_while([this] { return endings.catch_up(); });
  }
  /// Without PINGs, which nobody answers while the loop does not run.
  static redis::Config calm(redis::Config config) {
    config.probe_every = 1h;
    return config;
  }
  Accounts accounts;
  Sessions sessions;
  redis::Subscriber endings;
};

TEST_F(SessionsTest, ASessionIsRememberedUntilAnyServerEndsIt) {
  Remembering one(io, db, client, server.config(), "site");
  const auto anna = login(site);
  const auto boris = login(site, kBoris);
  const auto known = [&](const std::string& id) { return pg::run(io, identify(one.sessions, sign(id, kSecret))).id; };
  const auto end = redis::in(10s);
  while (!one.endings.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  ASSERT_EQ(known(anna), kAnna);
  ASSERT_EQ(known(boris), kBoris);
  // Nobody is asked now: without a word about it, a session that is gone from both stays for the time being.
  sql("delete from sessions where user_id = 2");
  redis(redis::Command("DEL", key(boris)));
  EXPECT_EQ(known(boris), kBoris);

  pg::run(io, revoke_everywhere(admin.sessions, kAnna));
  EXPECT_FALSE(known(anna));
  EXPECT_EQ(known(boris), kBoris);
  const auto again = login(site);
  ASSERT_EQ(known(again), kAnna);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(again, kSecret)))));
  EXPECT_FALSE(known(again));

  server.kill();
  while (one.endings.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  EXPECT_FALSE(known(boris));
}

TEST_F(SessionsTest, ARevokedSessionIsTakenOutOfRedisByItsKey) {
  const auto id = put(express(1));
  ASSERT_EQ(who(id, moving), kAnna);
  moving.sessions.ended(Sessions::key_of(new_id()));
  moving.sessions.ended(Sessions::key_of(id));
  EXPECT_FALSE(in_redis(id));
}

}  // namespace
}  // namespace ms::session
