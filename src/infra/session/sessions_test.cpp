#include "infra/session/test_sessions.hpp"

namespace ms::session {
namespace {

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("session"));

TEST_F(SessionsTest, ALoginIsKnownFromRedisAndFromPostgres) {
  const auto id = login(site);
  EXPECT_EQ(who(id), kAnna);
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(who(id), kAnna);
  EXPECT_TRUE(in_redis(id));
  EXPECT_FALSE(who(new_id()));
  EXPECT_FALSE(pg::run(io, identify(site.sessions, sign(id, secret::Keyring({"another secret"})))).signed_in());
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
  sql("select ms_raise_session_epoch(1)");
  EXPECT_EQ(who(id), kAnna);
  EXPECT_EQ(std::to_string(record(id)["epoch"].as_int64()), sql("select session_epoch from users where id = 1"));
  sql("delete from sessions; select ms_raise_session_epoch(1)");
  EXPECT_FALSE(who(id));
  EXPECT_FALSE(in_redis(id));
}

TEST_F(SessionsTest, OneOrAllLoginsEnd) {
  const auto first = login(site), second = login(site), third = login(site), other = login(site, kBoris);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(first, kKeys)))));
  EXPECT_FALSE(who(first));
  EXPECT_FALSE(pg::run(io, revoke(site.sessions, kBoris, Sessions::key_of(second))));
  EXPECT_TRUE(pg::run(io, revoke(site.sessions, kAnna, Sessions::key_of(second))));
  EXPECT_FALSE(who(second));
  EXPECT_EQ(who(third), kAnna);
  pg::run(io, revoke_all_sessions(site.sessions, kAnna));
  EXPECT_FALSE(who(third));
  EXPECT_EQ(who(other), kBoris);
}

TEST_F(SessionsTest, RealmsAreApart) {
  sql("update users set role = 2 where id = 1");
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
    EXPECT_EQ(who(id, *server, SessionTouch::no), kAnna);
    EXPECT_LE(lives(), 1000);
    EXPECT_EQ(who(id, *server), kAnna);
    EXPECT_GT(lives(), 1000);
    age(id, 6min);
    redis(redis::Command("DEL", key(id)));
    redis(redis::Command("DEL", "sessions:since"));  // that Redis was emptied
    EXPECT_EQ(who(id, *server, SessionTouch::no), kAnna) << "the row still knows it";
    EXPECT_FALSE(in_redis(id));
    EXPECT_EQ(rows("seen_at > now() - interval '1 minute'"), "0");
    sql("update sessions set expires_at = now() - interval '1 s'");
    EXPECT_FALSE(who(id, *server, SessionTouch::no));
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

TEST_F(SessionsTest, IsMadeOnlyForWhomItMayBeMadeAtThatMoment) {
  const auto made = [&](Server& at, const Claim& claim) {
    const auto line = pg::run(io, open(at.sessions, claim));
    return line ? 200 : static_cast<int>(line.error().code);
  };
  sql("update users set password_hash = '$argon2id$now' where id = 1");
  EXPECT_EQ(made(site, {kAnna, kHash}), 401);
  EXPECT_EQ(made(site, {kAnna, ""}), 401);
  EXPECT_EQ(made(site, {MemberId{99}, "$argon2id$now"}), 401);
  EXPECT_EQ(made(admin, {kAnna, "$argon2id$now"}), 403);
  sql("update users set role = 2 where id = 1");
  EXPECT_EQ(made(admin, {kAnna, kHash}), 401);
  EXPECT_EQ(made(admin, {kAnna, "$argon2id$now"}), 200);
  EXPECT_EQ(made(site, {kAnna, "$argon2id$now"}), 200);
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  EXPECT_EQ(made(site, {kAnna, "$argon2id$now"}), 403);
  EXPECT_EQ(rows(), "2");
}

TEST_F(SessionsTest, WhatIsNoHashIsNobodysPassword) {
  for (const char* none : {"", "!", "x"}) {
    sql("update users set password_hash = '" + std::string(none) + "'");
    EXPECT_FALSE(pg::run(io, open(site.sessions, {kAnna, none}))) << none;
  }
  EXPECT_EQ(rows(), "0");
}

TEST_F(SessionsTest, WhoeverSuspendsAtThatMomentIsWaitedFor) {
  const pg::ConnectionPtr staff = pg::Parameters(TestDatabase::conninfo(), "minschool-test").connect_blocking();
  const auto say = [&](const char* text) { return pg::ResultPtr(PQexec(staff.get(), text)); };
  say("begin");
  say("update users set suspended_until = now() + interval '1 day' where id = 1");
  pg::Started login(io, open(site.sessions, Claim{kAnna, kHash}));
  const auto waiting = [] {
    return sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
  };
  const auto end = redis::in(10s);
  while (waiting() == "0" && redis::in(0s) < end) io.run_one_for(10ms);
  EXPECT_EQ(waiting(), "1");
  say("commit");
  const auto line = login.get();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::forbidden);
  EXPECT_EQ(rows(), "0");
}

TEST_F(SessionsTest, AnySuspensionHoldsForWhoIsLoggedIn) {
  const auto id = login(site), adopted = put(express(1));
  ASSERT_EQ(who(adopted, moving), kAnna);
  ASSERT_EQ(who(id, site), kAnna);
  // By a statement that says nothing to anybody, and leaves the rows of the sessions.
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  EXPECT_FALSE(who(id, site));
  EXPECT_FALSE(who(adopted, moving));
  EXPECT_FALSE(who(id, site, SessionTouch::no));
  redis(redis::Command("FLUSHALL"));
  EXPECT_FALSE(who(id, site));
}

/// A server that remembers sessions; notifications of PostgreSQL are late as long as `io` does not run.
struct Remembering {
  Remembering(asio::io_context& io, pg::Db& db, redis::Client& redis, redis::Config config, Realm realm)
      : accounts(db, [] { return true; }),
        sessions(db, redis, accounts, config_of(realm, false)),
        endings(
            io, calm(std::move(config)), {Sessions::kChannel},
            [this](std::string_view, std::string_view member) { accounts.changed(member); }, [](bool) {}) {
    sessions.cache_while([this] { return endings.catch_up(); });
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
  Remembering one(io, db, client, server.config(), Realm::site);
  const auto anna = login(site);
  const auto boris = login(site, kBoris);
  const auto known = [&](const std::string& id) { return pg::run(io, identify(one.sessions, sign(id, kKeys))).id; };
  const auto end = redis::in(10s);
  while (!one.endings.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  ASSERT_EQ(known(anna), kAnna);
  ASSERT_EQ(known(boris), kBoris);
  // Nobody is asked now: without a word about it, a session that is gone from both stays for the time being.
  sql("delete from sessions where user_id = 2");
  redis(redis::Command("DEL", key(boris)));
  EXPECT_EQ(known(boris), kBoris);

  pg::run(io, revoke_all_sessions(admin.sessions, kAnna));
  EXPECT_FALSE(known(anna));
  EXPECT_EQ(known(boris), kBoris);
  const auto again = login(site);
  ASSERT_EQ(known(again), kAnna);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(again, kKeys)))));
  EXPECT_FALSE(known(again));

  server.kill();
  while (one.endings.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  EXPECT_FALSE(known(boris));
}

TEST_F(SessionsTest, ASuspensionInMemoryBeginsWithItsFirstMoment) {
  Remembering one(io, db, client, server.config(), Realm::site);
  const auto id = login(site);
  const auto end = redis::in(10s);
  while (!one.endings.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  const auto known = [&] { return pg::run(io, identify(one.sessions, sign(id, kKeys))).id; };
  ASSERT_EQ(known(), kAnna);
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  one.accounts.changed("1");  // the notification
  EXPECT_FALSE(known());
}

}  // namespace
}  // namespace ms::session
