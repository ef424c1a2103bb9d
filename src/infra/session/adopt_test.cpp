// Sessions that an express-session program shares.
#include "infra/session/test_sessions.hpp"

namespace ms::session {
namespace {

TEST_F(SessionsTest, AForeignSessionIsAGuestUnlessItIsAdopted) {
  const auto id = put(express("1"));
  EXPECT_FALSE(identified(id, site));
  EXPECT_FALSE(identified(id, admin));
  EXPECT_TRUE(in_redis(id));
  EXPECT_EQ(identified(id, adopting), kAnna);
  EXPECT_EQ(rows("shared and realm = 'site' and user_id = 1"), "1");
  EXPECT_EQ(identified(id, adopting), kAnna);
  EXPECT_FALSE(identified(id, admin));
  EXPECT_EQ(identified(put(express(2)), adopting), kBoris);
}

TEST_F(SessionsTest, NothingIsAdoptedUnlessTheDatabaseAllowsIt) {
  const auto id = put(express("1"));
  sql("revoke execute on function ms_adopt_session from minschool_site");
  EXPECT_FALSE(identified(id, adopting));
  EXPECT_TRUE(in_redis(id)) << "it stays valid at Express";
  sql("grant execute on function ms_adopt_session to minschool_site");
  EXPECT_EQ(identified(id, adopting), kAnna);
}

TEST_F(SessionsTest, ARecordWithoutAMemberIsLeftAlone) {
  for (const json::value& user : {json::value("x"), json::value("1x"), json::value(""), json::value(-1),
                                  json::value(99), json::value(1.5), json::value(nullptr)}) {
    const auto id = put(express(user));
    EXPECT_FALSE(identified(id, adopting)) << user;
    EXPECT_TRUE(in_redis(id)) << user;
  }
  const auto id = new_id();
  redis(redis::Command("SET", key(id), "no json"));
  EXPECT_FALSE(identified(id, adopting));
  EXPECT_EQ(rows(), "0");
}

TEST_F(SessionsTest, ForeignFieldsSurvive) {
  const auto id = put(express("1"));
  EXPECT_EQ(identified(id, adopting), kAnna);
  age(id, 6min);
  EXPECT_EQ(identified(id, adopting), kAnna);
  sql("select ms_raise_session_epoch(1)");
  EXPECT_EQ(identified(id, adopting), kAnna);
  auto session = record(id);
  EXPECT_EQ(session["cart"], json::value({"a", "b"}));
  EXPECT_EQ(session["userId"], "1");
  EXPECT_EQ(session["email"], "a@test");
  EXPECT_EQ(session["cookie"].at("secure"), true);
  EXPECT_EQ(std::to_string(session["epoch"].as_int64()), sql("select session_epoch from users where id = 1"));
  EXPECT_GT(redis(redis::Command("TTL", key(id))).integer, std::chrono::seconds(kDay).count() - 60);
}

TEST_F(SessionsTest, SuspendedMembersAndRevokedSessionsAreNotAdopted) {
  sql("update users set suspended_until = now() + interval '1 day' where id = 1");
  auto id = put(express(1));
  EXPECT_FALSE(identified(id, adopting));
  EXPECT_FALSE(in_redis(id));
  sql("update users set suspended_until = null where id = 1");

  pg::run(io, revoke_all_sessions(site.sessions, kAnna));
  id = put(express(1, 2s));
  EXPECT_FALSE(identified(id, adopting));
  EXPECT_FALSE(in_redis(id));
  auto undated = express(1);
  undated.erase("cookie");
  EXPECT_FALSE(identified(put(undated), adopting));
  EXPECT_EQ(identified(put(express(1, -2s)), adopting), kAnna) << "saved after the revocation";
  EXPECT_EQ(identified(put(express(2, 2s)), adopting), kBoris);
}

TEST_F(SessionsTest, ASessionThatEndedAtExpressEndsHere) {
  const auto foreign = put(express(1)), own = login(adopting), emptied = put(express(1));
  for (const auto& id : {foreign, own, emptied}) ASSERT_EQ(identified(id, adopting), kAnna);
  redis(redis::Command("DEL", key(foreign)));
  redis(redis::Command("DEL", key(own)));
  auto without = record(emptied);
  without.erase("userId");
  put(emptied, without);
  for (const auto& id : {foreign, own, emptied}) EXPECT_FALSE(identified(id, adopting));
  EXPECT_EQ(rows(), "0");
  EXPECT_TRUE(in_redis(emptied)) << "a guest's session at Express";
}

TEST_F(SessionsTest, ARedisThatLostItsDataEndsNoSession) {
  const auto foreign = put(express(1)), own = login(adopting);
  ASSERT_EQ(identified(foreign, adopting), kAnna);
  redis(redis::Command("FLUSHALL"));
  EXPECT_EQ(identified(foreign, adopting), kAnna);
  EXPECT_EQ(identified(own, adopting), kAnna);
  redis(redis::Command("DEL", key(own)));
  EXPECT_FALSE(identified(own, adopting)) << "but a session that ends at Express afterwards ends here";
  EXPECT_EQ(identified(foreign, adopting), kAnna);
}

TEST_F(SessionsTest, AnotherMemberUnderTheSameIdTakesTheSessionOver) {
  const auto id = put(express(1));
  ASSERT_EQ(identified(id, adopting), kAnna);
  auto session = record(id);
  session["userId"] = "2";
  put(id, session);
  EXPECT_EQ(identified(id, adopting), kBoris);
  EXPECT_EQ(rows("user_id = 2"), "1");
  EXPECT_EQ(rows(), "1");
}

TEST_F(SessionsTest, ASessionUsedOnlyAtExpressIsAdoptedAgain) {
  const auto id = put(express(1));
  ASSERT_EQ(identified(id, adopting), kAnna);
  age(id, 10min);
  sql("delete from sessions");
  EXPECT_EQ(identified(id, adopting), kAnna);
  EXPECT_EQ(rows("shared"), "1");
}

TEST_F(SessionsTest, ARevokedSessionIsDeletedFromRedisByItsKey) {
  const auto id = put(express(1));
  ASSERT_EQ(identified(id, adopting), kAnna);
  adopting.sessions.ended(Sessions::key_of(new_id()));
  adopting.sessions.ended(Sessions::key_of(id));
  EXPECT_FALSE(in_redis(id));
}

}  // namespace
}  // namespace ms::session
