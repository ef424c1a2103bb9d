// What Redis holds is believed only when one of our programs wrote it, for that session and this history of the
// database.
#include "infra/session/session_record.hpp"
#include "infra/session/test_sessions.hpp"

namespace ms::session {
namespace {

class Authentic : public SessionsTest {
 protected:
  /// Whom the session is believed to be after somebody wrote these fields into it.
  MemberId after(const std::string& id, Server& server, const std::function<void(json::object&)>& change) {
    auto session = record(id);
    change(session);
    put(id, session);
    return who(id, server);
  }
  std::int64_t epoch(MemberId user) {
    return std::stoll(sql("select session_epoch from users where id = " + std::to_string(user.value)));
  }
};

TEST_F(Authentic, NobodyBecomesAnotherMemberByWritingToRedis) {
  const auto id = login(site);
  sql("update users set role = 3 where id = 2");
  const auto forged = [&](json::object& session) {
    session["userId"] = session["member"] = 2;
    session["epoch"] = epoch(kBoris);
    session["role"] = "admin";
  };
  EXPECT_EQ(after(id, site, forged), kAnna);
  EXPECT_EQ(rows("user_id = 1"), "1");
}

TEST_F(Authentic, NoSessionOfOneRealmBecomesOneOfTheOther) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(site);
  EXPECT_FALSE(after(id, admin, [](json::object& session) { session["realm"] = "admin"; }));
  redis(redis::Command("DEL", key(id)));
  ASSERT_EQ(who(id, site), kAnna);
  EXPECT_FALSE(after(id, admin, [](json::object& session) { session.erase("realm"); }));
}

TEST_F(Authentic, NoSecretOfTheSiteBeginsASessionOfTheAdmin) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(site);
  auto session = record(id);
  session["realm"] = "admin";
  for (const std::string& name : {id, Sessions::key_of(id)}) {
    redis(redis::Command("SET", key(name), json::serialize(authentic(id, session))));
    EXPECT_FALSE(who(id, admin)) << name;
  }
}

TEST_F(Authentic, TheAdminsSessionsCannotBeTakenFromRedis) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(admin);
  ASSERT_EQ(who(id, admin), kAnna);
  const auto names = redis(redis::Command("SMEMBERS", "sessions:1"));
  ASSERT_EQ(names.items.size(), 1U);
  EXPECT_EQ(names.items[0].text, Sessions::key_of(id));
  EXPECT_FALSE(in_redis(id));
  const auto value = redis(redis::Command("GET", key(Sessions::key_of(id)))).text;
  EXPECT_FALSE(value.empty());
  EXPECT_EQ(value.find(id), value.npos);
}

TEST_F(Authentic, TheAdminsSessionsLiveByTheirRows) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(admin);
  sql("update sessions set seen_at = seen_at - interval '6 minutes', expires_at = expires_at - interval '6 minutes'");
  EXPECT_EQ(who(id, admin), kAnna);
  EXPECT_EQ(rows("seen_at > now() - interval '1 minute' and expires_at > now() + interval '23 h 59 min'"), "1");
  sql("select ms_begin_incarnation()");
  EXPECT_EQ(who(id, admin), kAnna) << "Redis vouches for it";
  sql("delete from sessions");
  EXPECT_FALSE(who(id, admin)) << "at once, whatever Redis has";
}

TEST_F(Authentic, AnotherSessionsValueIsNotBelieved) {
  const auto anna = login(site), boris = login(site, kBoris);
  put(anna, record(boris));
  EXPECT_EQ(who(anna, site), kAnna);
  put(new_id(), record(boris));
  const auto unknown = put(record(boris));
  EXPECT_FALSE(who(unknown, site));
}

TEST_F(Authentic, ASessionThatEndedIsNotMadeAliveByItsOldValue) {
  const auto id = login(site);
  const auto old = record(id);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(id, kKeys)))));
  put(id, old);
  EXPECT_FALSE(who(id, site));
  auto newer = old;
  newer["epoch"] = epoch(kAnna);
  put(id, newer);
  EXPECT_FALSE(who(id, site));
  newer["touched"] = newer["touched"].as_int64() + 1;
  put(id, newer);
  EXPECT_FALSE(who(id, site));
}

TEST_F(Authentic, WhatIsNotAuthenticIsAskedOfPostgresAndWrittenAnew) {
  const auto id = login(site);
  for (const char* field : {"tag", "epoch", "touched", "member", "realm"}) {
    EXPECT_EQ(after(id, site, [&](json::object& session) { session.erase(field); }), kAnna) << field;
    EXPECT_EQ(record(id), authentic(id, record(id))) << field;
  }
}

TEST_F(Authentic, AnOlderKeyIsBelievedUntilItIsLeftOut) {
  const auto id = login(site);
  const std::string cookie = sign(id, kKeys);
  Config newer = config_of(Realm::site, false);
  newer.keys = secret::Keyring({"the newest of the keys, with enough characters", kSecret});
  Server rotated(db, client, newer);
  EXPECT_EQ(pg::run(io, identify(rotated.sessions, cookie)).id, kAnna);
  newer.keys = secret::Keyring({"the newest of the keys, with enough characters"});
  Server without(db, client, newer);
  EXPECT_FALSE(pg::run(io, identify(without.sessions, cookie)).id);
  const std::string line = pg::run(io, open(rotated.sessions, Claim{kBoris, kHash})).value();
  EXPECT_EQ(pg::run(io, identify(without.sessions, line.substr(12, line.find(';') - 12))).id, kBoris);
}

async<Viewer> identify_request(Sessions& sessions, std::string cookies) {
  const Call call = redis::calm();
  http::Request request;
  request.fields.push_back({"cookie", cookies});
  co_return co_await sessions.identify(call, sessions.cookie_of(request));
}

TEST_F(Authentic, ASessionOfATlsSiteIsNoneUnderTheNameThatAnybodyMaySet) {
  Config config = config_of(Realm::site, false);
  config.cookie = "__Host-connect.sid";
  config.plain_cookie = "connect.sid";
  Server tls(db, client, config);
  const std::string line = pg::run(io, open(tls.sessions, Claim{kAnna, kHash})).value();
  EXPECT_THAT(line, testing::StartsWith("__Host-connect.sid="));
  EXPECT_THAT(line, testing::HasSubstr("; Secure"));
  EXPECT_THAT(line, testing::HasSubstr("; Path=/;"));
  const auto begin = line.find('=') + 1;
  const std::string value = line.substr(begin, line.find(';') - begin);
  const auto known = [&](const std::string& cookies) {
    return pg::run(io, identify_request(tls.sessions, cookies)).id;
  };
  EXPECT_EQ(known("__Host-connect.sid=" + value), kAnna);
  EXPECT_FALSE(known("connect.sid=" + value));
  const std::string old = sign(login(site), kKeys);
  EXPECT_EQ(known("connect.sid=" + old), kAnna) << "a login of before";
  EXPECT_FALSE(known("__Host-connect.sid=" + old));
  EXPECT_FALSE(known("__Host-connect.sid=x; connect.sid=" + old));
}

// --- another history of the database

TEST_F(Authentic, InAnotherHistoryASessionLivesOnlyIfRedisVouchesForIt) {
  const auto vouched = login(site), forgotten = login(site), foreign = login(site, kBoris);
  redis(redis::Command("DEL", key(forgotten)));
  auto forged = record(foreign);
  forged["epoch"] = forged["epoch"].as_int64() + 1;
  put(foreign, forged);
  sql("update incarnation set timeline = 'another'");  // as after a promotion: the next question notices it
  const auto before = sql("select id from incarnation");
  EXPECT_EQ(who(vouched, site), kAnna);
  EXPECT_NE(sql("select id from incarnation"), before);
  EXPECT_FALSE(who(forgotten, site));
  EXPECT_FALSE(who(foreign, site));
  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(record(vouched), authentic(vouched, record(vouched))) << "it is of this history now";
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(who(vouched, site), kAnna);
}

TEST_F(Authentic, WhoseNumberIsGivenAgainIsNotWhoeverHasItNow) {
  const auto id = login(site, kBoris);
  const auto value = record(id);
  sql("delete from users where id = 2");
  sql("insert into users (id, email, name, password_hash) values (2, 'c@test', '체르니', '')");
  put(id, value);
  EXPECT_FALSE(who(id, site));
  Server moved(db, client, config_of(Realm::site, true));
  put(id, value);
  EXPECT_FALSE(who(id, admin));
}

TEST_F(Authentic, AHistoryThatBeginsMovesAllNumbersOn) {
  sql("select ms_begin_incarnation()");
  sql("insert into users (email, name, password_hash) values ('d@test', '다', '')");
  EXPECT_GT(std::stoll(sql("select max(id) from users")), 100'000);
}

}  // namespace
}  // namespace ms::session
