// A session record counts only when one of our programs wrote it for that session and this incarnation of the database.
#include "infra/session/session_record.hpp"
#include "infra/session/test_sessions.hpp"

namespace ms::session {
namespace {

class AuthenticTest : public SessionsTest {
 protected:
  /// The member of the session after an intruder in Redis has changed its record.
  MemberId after(const std::string& id, Server& server, const std::function<void(json::object&)>& change) {
    auto session = record(id);
    change(session);
    put(id, session);
    return identified(id, server);
  }
  std::int64_t epoch(MemberId user) {
    return std::stoll(sql("select session_epoch from users where id = " + std::to_string(user.value)));
  }
};

TEST_F(AuthenticTest, WritingToRedisTurnsNoSessionIntoAnotherMembers) {
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

TEST_F(AuthenticTest, ASessionOfOneRealmIsNotValidInTheOther) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(site);
  EXPECT_FALSE(after(id, admin, [](json::object& session) { session["realm"] = "admin"; }));
  redis(redis::Command("DEL", key(id)));
  ASSERT_EQ(identified(id, site), kAnna);
  EXPECT_FALSE(after(id, admin, [](json::object& session) { session.erase("realm"); }));
}

TEST_F(AuthenticTest, TheSitesSecretsMakeNoSessionOfTheAdmin) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(site);
  auto session = record(id);
  session["realm"] = "admin";
  for (const std::string& name : {id, Sessions::key_of(id)}) {
    redis(redis::Command("SET", key(name), json::serialize(authentic(id, session))));
    EXPECT_FALSE(identified(id, admin)) << name;
  }
}

TEST_F(AuthenticTest, TheAdminsSessionsCannotBeTakenFromRedis) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(admin);
  ASSERT_EQ(identified(id, admin), kAnna);
  const auto names = redis(redis::Command("SMEMBERS", "sessions:1"));
  ASSERT_EQ(names.items.size(), 1U);
  EXPECT_EQ(names.items[0].text, Sessions::key_of(id));
  EXPECT_FALSE(in_redis(id));
  const auto value = redis(redis::Command("GET", key(Sessions::key_of(id)))).text;
  EXPECT_FALSE(value.empty());
  EXPECT_EQ(value.find(id), value.npos);
}

TEST_F(AuthenticTest, TheAdminsSessionsDependOnTheirRows) {
  sql("update users set role = 3 where id = 1");
  const auto id = login(admin);
  sql("update sessions set seen_at = seen_at - interval '6 minutes', expires_at = expires_at - interval '6 minutes'");
  EXPECT_EQ(identified(id, admin), kAnna);
  EXPECT_EQ(rows("seen_at > now() - interval '1 minute' and expires_at > now() + interval '23 h 59 min'"), "1");
  sql("select ms_begin_incarnation()");
  EXPECT_EQ(identified(id, admin), kAnna) << "Redis confirms it";
  sql("delete from sessions");
  EXPECT_FALSE(identified(id, admin)) << "immediately, whatever Redis has";
}

TEST_F(AuthenticTest, AnotherSessionsRecordIsNotAccepted) {
  const auto anna = login(site), boris = login(site, kBoris);
  put(anna, record(boris));
  EXPECT_EQ(identified(anna, site), kAnna);
  put(new_id(), record(boris));
  const auto unknown = put(record(boris));
  EXPECT_FALSE(identified(unknown, site));
}

TEST_F(AuthenticTest, AnEndedSessionIsNotRevivedByItsOldRecord) {
  const auto id = login(site);
  const auto old = record(id);
  pg::run(io, close(site.sessions, pg::run(io, identify(site.sessions, sign(id, kKeys)))));
  put(id, old);
  EXPECT_FALSE(identified(id, site));
  auto newer = old;
  newer["epoch"] = epoch(kAnna);
  put(id, newer);
  EXPECT_FALSE(identified(id, site));
  newer["touched"] = newer["touched"].as_int64() + 1;
  put(id, newer);
  EXPECT_FALSE(identified(id, site));
}

TEST_F(AuthenticTest, AnUnauthenticRecordIsReplacedAfterAskingPostgres) {
  const auto id = login(site);
  for (const char* field : {"tag", "epoch", "touched", "member", "realm"}) {
    EXPECT_EQ(after(id, site, [&](json::object& session) { session.erase(field); }), kAnna) << field;
    EXPECT_EQ(record(id), authentic(id, record(id))) << field;
  }
}

TEST_F(AuthenticTest, AnOldKeyIsAcceptedUntilItIsRemoved) {
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
  const Call call = redis::test_call();
  http::Request request;
  request.fields.push_back({"cookie", cookies});
  co_return co_await sessions.identify(call, sessions.cookie_of(request));
}

TEST_F(AuthenticTest, ASessionOfATlsSiteIsNotValidUnderThePlainName) {
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
  const auto identified_by = [&](const std::string& cookies) {
    return pg::run(io, identify_request(tls.sessions, cookies)).id;
  };
  EXPECT_EQ(identified_by("__Host-connect.sid=" + value), kAnna);
  EXPECT_FALSE(identified_by("connect.sid=" + value));
  const std::string old = sign(login(site), kKeys);
  EXPECT_EQ(identified_by("connect.sid=" + old), kAnna) << "a login from before TLS";
  EXPECT_FALSE(identified_by("__Host-connect.sid=" + old));
  EXPECT_FALSE(identified_by("__Host-connect.sid=x; connect.sid=" + old));
}

// --- another incarnation of the database

TEST_F(AuthenticTest, InAnotherIncarnationASessionNeedsRedissConfirmation) {
  const auto confirmed = login(site), unconfirmed = login(site), foreign = login(site, kBoris);
  redis(redis::Command("DEL", key(unconfirmed)));
  auto forged = record(foreign);
  forged["epoch"] = forged["epoch"].as_int64() + 1;
  put(foreign, forged);
  sql("update incarnation set timeline = 'another'");  // as after a promotion: the next query notices it
  const auto before = sql("select id from incarnation");
  EXPECT_EQ(identified(confirmed, site), kAnna);
  EXPECT_NE(sql("select id from incarnation"), before);
  EXPECT_FALSE(identified(unconfirmed, site));
  EXPECT_FALSE(identified(foreign, site));
  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(record(confirmed), authentic(confirmed, record(confirmed))) << "it belongs to this incarnation now";
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(identified(confirmed, site), kAnna);
}

TEST_F(AuthenticTest, AReusedMemberIdDoesNotInheritSessions) {
  const auto id = login(site, kBoris);
  const auto value = record(id);
  sql("delete from users where id = 2");
  sql("insert into users (id, email, name, password_hash) values (2, 'c@test', '체르니', '')");
  put(id, value);
  EXPECT_FALSE(identified(id, site));
  Server moved(db, client, config_of(Realm::site, true));
  put(id, value);
  EXPECT_FALSE(identified(id, admin));
}

TEST_F(AuthenticTest, ANewIncarnationMovesAllIdsOn) {
  sql("select ms_begin_incarnation()");
  sql("insert into users (email, name, password_hash) values ('d@test', '다', '')");
  EXPECT_GT(std::stoll(sql("select max(id) from users")), 100'000);
}

}  // namespace
}  // namespace ms::session
