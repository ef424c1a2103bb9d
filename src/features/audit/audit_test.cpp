#include "features/audit/audit.hpp"

#include <gmock/gmock.h>

#include "features/testing/site_fixture.hpp"
#include "infra/pg/transaction.hpp"

namespace ms::audit {
namespace {

using testing::Optional;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("audit"));

TEST(Reason, HasALimitAndVisibleCharacters) {
  EXPECT_EQ(reason_of("  광고 \n").value(), "광고");
  for (const std::string& wrong : {std::string(), std::string(" \n"), std::string("\u200b"), std::string("a\x01"),
                                   std::string(kReasonLimit + 1, 'x')}) {
    const auto refused = reason_of(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().fields.at(0).field, "reason");
  }
  EXPECT_TRUE(reason_of(std::string(kReasonLimit, 'x')));
}

TEST(Reason, IsOptionalOnTheSite) {
  EXPECT_EQ(reason_on_site(" ").value(), tr("audit.deleted_on_site"_msg));
  EXPECT_EQ(reason_on_site("도배").value(), "도배");
  EXPECT_THAT(code_of(reason_on_site(std::string(kReasonLimit + 1, 'x'))), Optional(ErrorCode::invalid));
}

TEST(Entry, LinksOnlyToPagesOfTheViewer) {
  Entry entry;
  entry.subject_kind = "board";
  entry.subject_id = 3;
  EXPECT_EQ(entry.subject_url(kStaff), "") << "without the permission to change boards";
  EXPECT_EQ(entry.subject_url(kAdmin), "/boards/3");
  entry.subject_kind = "post";
  EXPECT_EQ(entry.subject_url(kStaff), "/posts/3");
  entry.closed = true;
  EXPECT_EQ(entry.subject_url(kStaff), "");
  entry = Entry();
  entry.subject_kind = "member";
  EXPECT_EQ(entry.subject_url(kStaff), "/members") << "the list of them";
}

class AuditTest : public SiteFixture {
 protected:
  AuditTest() : SiteFixture("minschool_admin") {}

  template <class F>
  Result<void> in_transaction(F add) {
    pg::Transaction transaction = db.transaction(call);
    add(transaction);
    return run(transaction.commit());
  }
  template <class F>
  static async<Result<void>> commit(write::Writer& writer, const Call& call, F add) {
    write::Write write = writer.begin(call, kStaff);
    EXPECT_FALSE(write.replayed());
    write.guard_member();
    add(write);
    co_return co_await write.commit({.result = write::ResultId::none(), .changes = write::Changes::nothing_shown()});
  }
  template <class F>
  Result<void> in_write(F add) {
    return run(commit(writer, call, std::move(add)));
  }
  std::vector<Entry> entries(Subject subject) {
    pg::Batch batch = db.batch(call, pg::Lane::slow);
    const auto handle = history(batch, subject);
    run(batch.send());
    return handle.all();
  }
};

TEST_F(AuditTest, ARecordBelongsToItsTransaction) {
  ASSERT_TRUE(in_write([](write::Write& write) { record(write, "suspend", {"member", 3}, "욕설", "7일"); }));
  EXPECT_THROW(static_cast<void>(in_write([](write::Write& write) {
                 record(write, "lift", {"member", 3}, "");
                 static constexpr pg::Query kBroken{"test.broken", "select 1 / 0"};
                 write.add(kBroken);
               })),
               std::exception);
  const auto found = entries({"member", 3});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].actor_name + " " + found[0].action + " " + found[0].reason + " " + found[0].detail,
            "직원 suspend 욕설 7일");
}

TEST_F(AuditTest, RecordsAnAccessOnceAnHourAndNeverToOnesOwnData) {
  const auto access = [](MemberId member) {
    return [member](pg::Transaction& transaction) { record_access(transaction, kStaff.id, member); };
  };
  ASSERT_TRUE(in_transaction(access(kReader.id)));
  ASSERT_TRUE(in_transaction(access(kReader.id)));
  ASSERT_TRUE(in_transaction(access(kStaff.id)));
  EXPECT_EQ(entries({"member", 3}).size(), 1u);
  EXPECT_EQ(entries({"member", 1}).size(), 0u);
  ask("update audit_log set at = now() - interval '61 minutes'");
  ASSERT_TRUE(in_transaction(access(kReader.id)));
  EXPECT_EQ(entries({"member", 3}).size(), 2u);
}

TEST_F(AuditTest, RecordsEachSearchForMembersOnceAnHour) {
  for (const char* search : {"김", "김", "이"}) {
    ASSERT_TRUE(
        in_transaction([&](pg::Transaction& transaction) { record_list_access(transaction, kStaff.id, search); }));
  }
  EXPECT_EQ(ask("select string_agg(detail, ',' order by id) from audit_log"), "김,이");
}

TEST_F(AuditTest, HidesTheDetailOfContentThatItsAuthorDeleted) {
  ask("insert into posts (title, content, author_id, board_id, number) values ('비밀', '', 3, 1, 1)");
  ASSERT_TRUE(in_write([](write::Write& write) { record(write, "hide", {"post", 1}, "광고", "비밀"); }));
  EXPECT_EQ(entries({"post", 1}).at(0).detail, "비밀");
  ask("update posts set deleted_at = now(), deleted_by = 3 where id = 1");
  EXPECT_EQ(entries({"post", 1}).at(0).detail, "");
  EXPECT_EQ(entries({"post", 1}).at(0).reason, "광고");
}

}  // namespace
}  // namespace ms::audit
