#include "infra/session/test_sessions.hpp"

namespace ms::session {
namespace {

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("session"));

TEST_F(SessionsTest, ALoginIsFoundInRedisAndInPostgres) {
  const auto id = login(site);
  EXPECT_EQ(identified(id), kAnna);
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(identified(id), kAnna);
  EXPECT_TRUE(in_redis(id));
  EXPECT_FALSE(identified(new_id()));
  EXPECT_FALSE(pg::run(io, identify(site.sessions, sign(id, secret::Keyring({"another secret"})))).signed_in());
}

TEST_F(SessionsTest, OutlivesRedis) {
  const auto id = login(site);
  server.kill();
  EXPECT_EQ(identified(id), kAnna);
  const auto second = login(adopting);
  EXPECT_EQ(identified(second, adopting), kAnna);
  server.start();
  ASSERT_TRUE(pg::run(io, client.ready(redis::in(10s))));
  EXPECT_EQ(identified(id), kAnna);
  EXPECT_EQ(identified(second, adopting), kAnna);
}

TEST_F(SessionsTest, WithAnotherEpochTheRowDecides) {
  const auto id = login(site);
  sql("select ms_raise_session_epoch(1)");
  EXPECT_EQ(identified(id), kAnna);
  EXPECT_EQ(std::to_string(record(id)["epoch"].as_int64()), sql("select session_epoch from users where id = 1"));
  sql("delete from sessions; select ms_raise_session_epoch(1)");
  EXPECT_FALSE(identified(id));
  EXPECT_FALSE(in_redis(id));
}

TEST_F(SessionsTest, OneOrAllLoginsEnd) {
  const auto first = login(site), second = login(site), third = login(site), other = login(site, kBoris);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(first, kKeys)))));
  EXPECT_FALSE(identified(first));
  EXPECT_FALSE(pg::run(io, revoke(site.sessions, kBoris, Sessions::key_of(second))));
  EXPECT_TRUE(pg::run(io, revoke(site.sessions, kAnna, Sessions::key_of(second))));
  EXPECT_FALSE(identified(second));
  EXPECT_EQ(identified(third), kAnna);
  pg::run(io, revoke_all_sessions(site.sessions, kAnna));
  EXPECT_FALSE(identified(third));
  EXPECT_EQ(identified(other), kBoris);
}

TEST_F(SessionsTest, RealmsAreSeparate) {
  sql("update users set role = 2 where id = 1");
  const auto id = login(site);
  const auto of_admin = login(admin);
  EXPECT_FALSE(identified(id, admin));
  EXPECT_FALSE(identified(of_admin, site));
  EXPECT_FALSE(identified(of_admin, adopting));
  EXPECT_EQ(identified(id, site), kAnna);
  EXPECT_EQ(identified(of_admin, admin), kAnna);
}

TEST_F(SessionsTest, AUseIsStoredAtMostEveryFiveMinutes) {
  const auto id = login(site);
  age(id, 4min);
  EXPECT_EQ(identified(id), kAnna);
  EXPECT_EQ(rows("seen_at > now() - interval '1 minute'"), "0");
  age(id, 2min);
  EXPECT_EQ(identified(id), kAnna);
  EXPECT_EQ(rows("seen_at > now() - interval '1 minute' and expires_at > now() + interval '23 h 59 min'"), "1");
}

TEST_F(SessionsTest, BackgroundRequestsOfAPageProlongNothing) {
  for (Server* server : {&site, &adopting}) {
    const auto id = login(*server);
    age(id, 6min);
    const auto seconds_left = [&] { return redis(redis::Command("TTL", key(id))).integer; };
    EXPECT_EQ(identified(id, *server, SessionTouch::no), kAnna);
    EXPECT_LE(seconds_left(), 1000);
    EXPECT_EQ(identified(id, *server), kAnna);
    EXPECT_GT(seconds_left(), 1000);
    age(id, 6min);
    redis(redis::Command("DEL", key(id)));
    redis(redis::Command("DEL", "sessions:since"));  // as if Redis had lost its data
    EXPECT_EQ(identified(id, *server, SessionTouch::no), kAnna) << "the row is still there";
    EXPECT_FALSE(in_redis(id));
    EXPECT_EQ(rows("seen_at > now() - interval '1 minute'"), "0");
    sql("update sessions set expires_at = now() - interval '1 s'");
    EXPECT_FALSE(identified(id, *server, SessionTouch::no));
  }
}

TEST_F(SessionsTest, EndsAfterADayUnlessRemembered) {
  const auto id = login(adopting);
  const auto remembered = login(adopting, kAnna, true);
  for (const auto& one : {id, remembered}) {
    age(one, kDay + 1min);
    redis(redis::Command("DEL", key(one)));  // it expired
  }
  EXPECT_FALSE(identified(id, adopting));
  EXPECT_EQ(identified(remembered, adopting), kAnna);
}

TEST_F(SessionsTest, OpeningChecksTheMemberAgain) {
  const auto open_status = [&](Server& at, const Claim& claim) {
    const auto line = pg::run(io, open(at.sessions, claim));
    return line ? 200 : static_cast<int>(line.error().code);
  };
  sql("update users set password_hash = '$argon2id$now' where id = 1");
  EXPECT_EQ(open_status(site, {kAnna, kHash}), 401);
  EXPECT_EQ(open_status(site, {kAnna, ""}), 401);
  EXPECT_EQ(open_status(site, {MemberId{99}, "$argon2id$now"}), 401);
  EXPECT_EQ(open_status(admin, {kAnna, "$argon2id$now"}), 403);
  sql("update users set role = 2 where id = 1");
  EXPECT_EQ(open_status(admin, {kAnna, kHash}), 401);
  EXPECT_EQ(open_status(admin, {kAnna, "$argon2id$now"}), 200);
  EXPECT_EQ(open_status(site, {kAnna, "$argon2id$now"}), 200);
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  EXPECT_EQ(open_status(site, {kAnna, "$argon2id$now"}), 403);
  EXPECT_EQ(rows(), "2");
}

TEST_F(SessionsTest, AnInvalidHashMatchesNoPassword) {
  for (const char* none : {"", "!", "x"}) {
    sql("update users set password_hash = '" + std::string(none) + "'");
    EXPECT_FALSE(pg::run(io, open(site.sessions, {kAnna, none}))) << none;
  }
  EXPECT_EQ(rows(), "0");
}

TEST_F(SessionsTest, OpeningWaitsForAConcurrentSuspension) {
  const pg::ConnectionPtr staff = pg::Parameters(TestDatabase::conninfo(), "minschool-test").connect_blocking();
  const auto execute = [&](const char* text) { return pg::ResultPtr(PQexec(staff.get(), text)); };
  execute("begin");
  execute("update users set suspended_until = now() + interval '1 day' where id = 1");
  pg::BackgroundTask login(io, open(site.sessions, Claim{kAnna, kHash}));
  const auto waiting = [] {
    return sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
  };
  const auto end = redis::in(10s);
  while (waiting() == "0" && redis::in(0s) < end) io.run_one_for(10ms);
  EXPECT_EQ(waiting(), "1");
  execute("commit");
  const auto line = login.get();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::forbidden);
  EXPECT_EQ(rows(), "0");
}

TEST_F(SessionsTest, ASuspensionAppliesToExistingSessions) {
  const auto id = login(site), adopted = put(express(1));
  ASSERT_EQ(identified(adopted, adopting), kAnna);
  ASSERT_EQ(identified(id, site), kAnna);
  // By a statement that notifies nobody and leaves the rows of the sessions.
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  EXPECT_FALSE(identified(id, site));
  EXPECT_FALSE(identified(adopted, adopting));
  EXPECT_FALSE(identified(id, site, SessionTouch::no));
  redis(redis::Command("FLUSHALL"));
  EXPECT_FALSE(identified(id, site));
}

/// A server with a local cache of sessions; PostgreSQL's notifications are late while `io` does not run.
struct CachingServer {
  CachingServer(asio::io_context& io, pg::Db& db, redis::Client& redis, redis::Config config, Realm realm)
      : accounts(db, [] { return true; }),
        sessions(db, redis, accounts, config_of(realm, false)),
        subscriber(
            io, without_probes(std::move(config)), {Sessions::kChannel},
            [this](std::string_view, std::string_view member) { accounts.changed(member); }, [](bool) {}) {
    sessions.cache_while([this] { return subscriber.catch_up(); });
  }
  /// Without PINGs, because their answers are not read while the loop does not run.
  static redis::Config without_probes(redis::Config config) {
    config.probe_every = 1h;
    return config;
  }
  Accounts accounts;
  Sessions sessions;
  redis::Subscriber subscriber;
};

TEST_F(SessionsTest, ASessionIsCachedUntilAnyServerEndsIt) {
  CachingServer one(io, db, client, server.config(), Realm::site);
  const auto anna = login(site);
  const auto boris = login(site, kBoris);
  const auto identified_by = [&](const std::string& id) {
    return pg::run(io, identify(one.sessions, sign(id, kKeys))).id;
  };
  const auto end = redis::in(10s);
  while (!one.subscriber.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  ASSERT_EQ(identified_by(anna), kAnna);
  ASSERT_EQ(identified_by(boris), kBoris);
  // The cache answers now: a session deleted from both without a message stays valid for the moment.
  sql("delete from sessions where user_id = 2");
  redis(redis::Command("DEL", key(boris)));
  EXPECT_EQ(identified_by(boris), kBoris);

  pg::run(io, revoke_all_sessions(admin.sessions, kAnna));
  EXPECT_FALSE(identified_by(anna));
  EXPECT_EQ(identified_by(boris), kBoris);
  const auto again = login(site);
  ASSERT_EQ(identified_by(again), kAnna);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(again, kKeys)))));
  EXPECT_FALSE(identified_by(again));

  server.kill();
  while (one.subscriber.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  EXPECT_FALSE(identified_by(boris));
}

TEST_F(SessionsTest, ASuspensionAppliesAsSoonAsItIsNotified) {
  CachingServer one(io, db, client, server.config(), Realm::site);
  const auto id = login(site);
  const auto end = redis::in(10s);
  while (!one.subscriber.catch_up() && redis::in(0s) < end) io.run_one_for(10ms);
  const auto identified_by = [&] { return pg::run(io, identify(one.sessions, sign(id, kKeys))).id; };
  ASSERT_EQ(identified_by(), kAnna);
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  one.accounts.changed("1");  // the notification
  EXPECT_FALSE(identified_by());
}

}  // namespace
}  // namespace ms::session
