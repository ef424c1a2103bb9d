#include "infra/idempotency/idempotency.hpp"

#include <gtest/gtest.h>

#include "infra/pg/test_database.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::idempotency {
namespace {

using namespace std::chrono_literals;
using pg::TestDatabase;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new TestDatabase("once"));

class IdempotencyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { TestDatabase::migrate(); }
  void SetUp() override {
    TestDatabase::execute("truncate users, idempotency_keys restart identity cascade");
    TestDatabase::execute("insert into users (email, name, password_hash) values ('a@test', '김하늘', '')");
    ASSERT_TRUE(pg::run(io, db.ready(std::chrono::steady_clock::now() + 10s)));
    ASSERT_TRUE(pg::run(io, admin.ready(std::chrono::steady_clock::now() + 10s)));
  }

  static async<Result<void>> send(pg::Db& db, IdempotencyKey key, MemberId member, std::string result) {
    Call call(std::chrono::steady_clock::now() + 10s, "test");
    call.set_idempotency_key(&key);
    pg::Transaction transaction = db.transaction(call);
    record(transaction, call, member, result);
    const auto done = co_await transaction.commit();
    co_return done;
  }
  Result<void> write(const IdempotencyKey& key, std::int64_t member = 1, std::string result = "34") {
    return pg::run(io, send(db, key, MemberId{member}, std::move(result)));
  }
  std::optional<KeyRecord> found(pg::Db& by, const IdempotencyKey& key, std::int64_t member = 1) {
    return pg::run(io, find(by, call, key, MemberId{member}));
  }
  static std::string ask(const std::string& sql) { return TestDatabase::execute(sql); }

  asio::io_context io{1};
  const Call call{std::chrono::steady_clock::now() + 60s, "test"};
  const IdempotencyKey one{.key = "form:1", .fingerprint = "print", .previous_result = {}};
  const IdempotencyKey other{.key = "form:1", .fingerprint = "another", .previous_result = {}};
  pg::Db db{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_site")}};
  pg::Db admin{io, pg::Config{.conninfo = TestDatabase::conninfo("minschool_admin")}};
};

TEST_F(IdempotencyTest, ARecordIsFoundByItsWriterOnly) {
  EXPECT_FALSE(found(db, one));
  ASSERT_TRUE(write(one));
  ASSERT_TRUE(found(db, one));
  EXPECT_EQ(found(db, one)->result, 34);
  EXPECT_TRUE(found(db, one)->same_request);
  EXPECT_FALSE(found(db, other)->same_request);  // the key was recorded with another request
  EXPECT_FALSE(found(db, one, 2));
  EXPECT_FALSE(found(db, one, 0));
  EXPECT_FALSE(found(admin, one));  // a program's records are invisible to the other program
}

TEST_F(IdempotencyTest, AKeyIsForOneWrite) {
  ASSERT_TRUE(write(one));
  EXPECT_FALSE(write(one));
  EXPECT_FALSE(write(other));
  EXPECT_EQ(ask("select count(*) from idempotency_keys"), "1");
}

TEST_F(IdempotencyTest, AGuestsRecordBelongsToNoMember) {
  ASSERT_TRUE(write(one, 0, "0"));
  EXPECT_EQ(found(db, one, 0)->result, 0);
  EXPECT_FALSE(found(db, one, 1));
}

TEST_F(IdempotencyTest, ASuspendedMemberRecordsNothing) {
  ask("update users set suspended_until = 'infinity'");
  const auto refused = write(one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_EQ(refused.error().message.key, "login.suspended");
  EXPECT_EQ(ask("select count(*) from idempotency_keys"), "0");
}

TEST_F(IdempotencyTest, KeysExpireAfterADay) {
  ASSERT_TRUE(write(one));
  EXPECT_FALSE(pg::run(io, delete_expired(db, call)));
  ask("update idempotency_keys set created_at = now() - interval '25 hours'");
  EXPECT_TRUE(pg::run(io, delete_expired(db, call)));
  EXPECT_FALSE(pg::run(io, delete_expired(db, call)));
  EXPECT_FALSE(found(db, one));
}

}  // namespace
}  // namespace ms::idempotency
