#pragma once
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "infra/core/secret.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/redis/private_redis.hpp"
#include "infra/session/cookie.hpp"
#include "infra/session/sessions.hpp"

// What the tests of sessions share.
namespace ms::session {

using namespace std::chrono_literals;
namespace json = boost::json;
using pg::TestDatabase;

inline constexpr const char* kSecret = "a secret of at least thirty-two characters";
inline const secret::Keyring kKeys({kSecret});
inline constexpr MemberId kAnna{1};
inline constexpr MemberId kBoris{2};
inline constexpr auto kDay = 24h;
inline const std::string kHash = "$argon2id$of everybody's password";

inline Config config_of(Realm realm, bool adopt) {
  return {.realm = realm, .keys = kKeys, .cookie = "connect.sid", .adopt = adopt};
}

/// One app server that gets no notifications, so that it asks PostgreSQL each time.
struct Server {
  Server(pg::Db& db, redis::Client& redis, Config config)
      : accounts(db, [] { return false; }), sessions(db, redis, accounts, std::move(config)) {}
  Accounts accounts;
  Sessions sessions;
};

inline async<Viewer> identify(Sessions& sessions, std::string cookie, SessionTouch use = SessionTouch::yes) {
  const Call call = redis::test_call();
  co_return co_await sessions.identify(call, Sessions::Cookie{cookie}, use);
}
inline async<Result<std::string>> open(Sessions& sessions, Claim claim, bool remember = false) {
  const Call call = redis::test_call();
  co_return co_await sessions.open(call, std::move(claim), remember, false, {"127.0.0.1", "test"});
}
inline async<std::string> close(Sessions& sessions, Viewer viewer) {
  const Call call = redis::test_call();
  co_return co_await sessions.close(call, viewer, false);
}
inline async<bool> revoke(Sessions& sessions, MemberId user, std::string key) {
  const Call call = redis::test_call();
  co_return co_await sessions.revoke(call, user, key);
}
inline async<void> revoke_all_sessions(Sessions& sessions, MemberId user) {
  const Call call = redis::test_call();
  co_await sessions.revoke_all_sessions(call, user);
}

/// A record as express-session writes it: saved `ago`, valid for a day after that.
inline json::object express(json::value user, std::chrono::seconds ago = 0s) {
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
  static void SetUpTestSuite() {
    TestDatabase::migrate();
    sql("grant execute on function ms_adopt_session to minschool_site");
  }
  void SetUp() override {
    sql(R"(set client_min_messages = warning; truncate users restart identity cascade;
           insert into users (email, name, password_hash) values ('a@test', '안나', ''), ('b@test', '보리스', ''))");
    sql("update users set password_hash = $$" + kHash + "$$");
    ASSERT_TRUE(pg::run(io, db.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, admin_db.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, client.ready(redis::in(10s))));
  }

  static std::string sql(const std::string& text) { return TestDatabase::execute(text); }
  redis::Reply redis(redis::Command command) {
    return pg::run(io, redis::execute(client, std::move(command))).value_or(redis::Reply());
  }
  static std::string key(const std::string& id) { return "session:" + id; }
  bool in_redis(const std::string& id) { return redis(redis::Command("EXISTS", key(id))).integer == 1; }
  json::object record(const std::string& id) {
    return json::parse(redis(redis::Command("GET", key(id))).text).as_object();
  }
  void put(const std::string& id, const json::object& session) {
    redis(redis::Command("SET", key(id), json::serialize(session), "EX", 1000));
  }
  /// Stores a session as Express does; returns the id.
  std::string put(const json::object& session) {
    const std::string id = new_id();
    put(id, session);
    return id;
  }
  /// Signs the record as one of our programs does.
  static json::object authentic(const std::string& id, const json::object& session) {
    SessionRecord written = SessionRecord::parse(json::serialize(session)).value();
    written.authenticate(kKeys.derived(kRecordPurpose), id, std::stoll(sql("select ms_incarnation()")));
    return json::parse(written.text()).as_object();
  }
  /// Makes the last request so much older.
  void age(const std::string& id, std::chrono::seconds by) {
    auto session = record(id);
    session["touched"] = session["touched"].as_int64() - by.count();
    put(id, authentic(id, session));
    const auto seconds = std::to_string(by.count());
    sql("update sessions set seen_at = seen_at - " + seconds + " * interval '1 s', expires_at = expires_at - " +
        seconds + " * interval '1 s' where encode(id_hash, 'hex') = '" + Sessions::key_of(id) + "'");
  }
  MemberId identified(const std::string& id, Server& at, SessionTouch use = SessionTouch::yes) {
    return pg::run(io, identify(at.sessions, sign(id, kKeys), use)).id;
  }
  MemberId identified(const std::string& id) { return identified(id, site); }
  /// Logs in; returns the id.
  std::string login(Server& at, MemberId user = kAnna, bool remember = false) {
    const std::string line = pg::run(io, open(at.sessions, Claim{user, kHash}, remember)).value();
    const auto begin = line.find('=') + 1;
    return unsign(line.substr(begin, line.find(';') - begin), kKeys).value();
  }
  static std::string rows(const std::string& where = "true") {
    return sql("select count(*) from sessions where " + where);
  }

  asio::io_context io{1};
  redis::PrivateRedis server;
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_site")}};
  pg::Db admin_db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_admin")}};
  redis::Client client{io, server.config()};
  Server site{db, client, config_of(Realm::site, false)};
  Server admin{admin_db, client, config_of(Realm::admin, false)};
  Server adopting{db, client, config_of(Realm::site, true)};  ///< adopts sessions of an Express program
};

}  // namespace ms::session
