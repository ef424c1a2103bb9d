// Joining, logging in and changing the password, with the rights of the programs' roles.
#include <gtest/gtest.h>

#include "features/members/members.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/test_database.hpp"
#include "infra/redis/private_redis.hpp"
#include "infra/unicode/unicode.hpp"
#include "infra/write/write.hpp"

namespace ms::members {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("members"));
const secret::Keyring kKeys({"a secret of at least thirty-two characters"});
const std::string kEmail = "kim@example.kr";
const std::string kPassword = "봄날의 개나리 길";
constexpr MemberId kKim{1};
constexpr limit::Rule kHighLimit{"tries", 1000, 1min};

/// The services that a program builds for Members.
struct Program {
  Program(asio::io_context& io, redis::Client& redis, CpuPool& pool, session::Realm realm)
      : db(io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_" + std::string(session::name_of(realm)))}),
        cache(redis, kKeys, {"cache:"}),
        limiter(redis),
        accounts(db, [] { return false; }),
        sessions(db, redis, accounts, {.realm = realm, .keys = kKeys, .cookie = "connect.sid"}),
        publisher(io, db, redis, kKeys),
        writer(db, cache, publisher),
        members(db, cache, limiter, writer, Passwords(pool),
                {kHighLimit, kHighLimit, kHighLimit, kHighLimit, kHighLimit, kHighLimit},
                KnownDevices(kKeys, std::string(session::name_of(realm))), {}, "우리 센터") {
    writer.when_rights_change([this](const Call& call, MemberId member) { return sessions.evict(call, member); });
  }
  pg::Db db;
  cache::RedisCache cache;
  limit::Limiter limiter;
  session::Accounts accounts;
  session::Sessions sessions;
  live::Publisher publisher;
  write::Writer writer;
  Members members;
};

async<Result<session::Claim>> authenticate(Members& members, std::string email, std::string password,
                                           std::optional<session::Permission> needed) {
  const Call call = redis::test_call();
  const ClientAddress address("127.0.0.1");
  co_return co_await members.authenticate(call, {std::move(email), std::move(password), address, {}, needed});
}
async<Result<std::string>> open(session::Sessions& sessions, session::Claim claim) {
  const Call call = redis::test_call();
  co_return co_await sessions.open(call, std::move(claim), false, false, {"127.0.0.1", "test"});
}
async<Result<std::optional<session::Claim>>> join(Members& members, Registration registration) {
  const Call call = redis::test_call();
  const ClientAddress address("127.0.0.1");
  co_return co_await members.join(call, std::move(registration), address);
}
async<Result<void>> change(Members& members, std::string current, std::string next) {
  const Call call = redis::test_call();
  session::Viewer viewer;
  viewer.id = kKim;
  viewer.email = kEmail;
  co_return co_await members.change_password(call, viewer, std::move(current), next, next);
}

class LoginTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    sql("set client_min_messages = warning; truncate users restart identity cascade");
    ASSERT_TRUE(pg::run(io, site.db.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, admin.db.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, client.ready(redis::in(10s))));
    ASSERT_TRUE(pg::run(io, join(site.members, {kEmail, Name("김하늘"), kPassword, kPassword, true, true, false})));
  }

  static std::string sql(const std::string& text) { return TestDatabase::execute(text); }
  static std::string hash() { return sql("select password_hash from users where id = 1"); }
  static void set_hash(const std::string& hash) { sql("update users set password_hash = '" + hash + "' where id = 1"); }
  /// The status of a login, including its session.
  int login(const std::string& password, const std::string& email = kEmail) { return login(site, password, email, {}); }
  int login(Program& at, const std::string& password, const std::string& email,
            std::optional<session::Permission> needed) {
    const auto claim = pg::run(io, authenticate(at.members, email, password, needed));
    if (!claim) return static_cast<int>(claim.error().code);
    const auto cookie = pg::run(io, open(at.sessions, *claim));
    return cookie ? 200 : static_cast<int>(cookie.error().code);
  }
  int login_to_admin(const std::string& password) { return login(admin, password, kEmail, session::Permission::admin); }

  asio::io_context io{1};
  redis::PrivateRedis server;
  redis::Client client{io, server.config()};
  CpuPool pool{1, 4};
  Program site{io, client, pool, session::Realm::site};
  Program admin{io, client, pool, session::Realm::admin};
};

TEST_F(LoginTest, NeedsTheRightPassword) {
  EXPECT_EQ(login(kPassword), 200);
  EXPECT_EQ(login(kPassword + "."), 401);
  EXPECT_EQ(login(""), 401);
  EXPECT_EQ(login(hash()), 401);
  EXPECT_EQ(login(kPassword, "lee@example.kr"), 401);
}

TEST_F(LoginTest, OnlyStaffLogInToTheAdmin) {
  EXPECT_EQ(login_to_admin(kPassword), 403);
  sql("update users set role = 2");
  EXPECT_EQ(login_to_admin(kPassword), 200);
  EXPECT_EQ(login_to_admin(kPassword + "."), 401);
}

TEST_F(LoginTest, TheSiteRenewsAHashOfAnotherForm) {
  const auto old = argon2::hash(unicode::nfd(kPassword), argon2::fresh());
  set_hash(old);
  sql("update users set role = 2");
  EXPECT_EQ(login_to_admin(kPassword), 200);
  EXPECT_EQ(hash(), old) << "the Admin may not";
  EXPECT_EQ(login(kPassword), 200);
  EXPECT_NE(hash(), old);
  const auto made = hash();
  EXPECT_EQ(login(unicode::nfd(kPassword)), 200);
  EXPECT_EQ(hash(), made);
}

TEST_F(LoginTest, TheSiteRenewsAHashOfOtherCosts) {
  argon2::Settings cheap = argon2::fresh();
  cheap.costs = {64, 1};
  set_hash(argon2::hash(kPassword, cheap));
  EXPECT_EQ(login(kPassword + "."), 401);
  EXPECT_EQ(login(kPassword), 200);
  EXPECT_TRUE(hash().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_EQ(login(kPassword), 200);
}

TEST_F(LoginTest, AHashOfAnotherFormatLetsNobodyIn) {
  for (const std::string& other : {std::string(), std::string("!"), std::string("$2b$10$abcdefghijklmnopqrstuv"),
                                   "$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + std::string(43, 'A')}) {
    set_hash(other);
    EXPECT_EQ(login(kPassword), 401) << other;
    EXPECT_EQ(login(other), 401) << other;
  }
}

TEST_F(LoginTest, AClaimIsInvalidAfterAPasswordChange) {
  const auto claim = pg::run(io, authenticate(site.members, kEmail, kPassword, {}));
  ASSERT_TRUE(claim);
  set_hash(argon2::hash("another password", argon2::fresh()));
  EXPECT_FALSE(pg::run(io, open(site.sessions, *claim)));
}

TEST_F(LoginTest, APasswordChangeNeedsTheCurrentPassword) {
  const auto before = hash();
  const auto wrong = pg::run(io, change(site.members, kPassword + ".", "another password 7"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().fields.at(0).field, "current");
  EXPECT_EQ(hash(), before);
  EXPECT_TRUE(pg::run(io, change(site.members, kPassword, "another password 7")));
  EXPECT_EQ(login(kPassword), 401);
  EXPECT_EQ(login("another password 7"), 200);
}

}  // namespace
}  // namespace ms::members
