#include "features/boards/boards.hpp"

#include <gmock/gmock.h>

#include "features/testing/site_fixture.hpp"

namespace ms::boards {
namespace {

using testing::ElementsAre;
using testing::Optional;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("boards"));

std::vector<std::string> wrong_fields(const Draft& draft) {
  std::vector<std::string> out;
  if (const auto done = check(draft); !done) {
    for (const FieldError& error : done.error().fields) out.push_back(error.field);
  }
  return out;
}

TEST(BoardDraft, NamesEveryWrongField) {
  EXPECT_THAT(wrong_fields({"notice", "공지사항", ""}), testing::IsEmpty());
  EXPECT_THAT(wrong_fields({"Not a slug", " ", std::string(1000, 'x'), -1, 0, 9}),
              ElementsAre("name", "slug", "description", "read_role", "write_role", "comment_role"));
}

TEST(BoardRights, AreTheBoardsRankAndTheRolesPermissionTogether) {
  Board board;
  board.write_role = 2;
  EXPECT_TRUE(board.readable(kGuest));
  EXPECT_FALSE(board.writable(kWriter));
  EXPECT_TRUE(board.commentable(kWriter));
  EXPECT_TRUE(board.writable(kStaff));
  EXPECT_FALSE(board.writable(test_viewer(1, "직원", session::Role::staff, "read,comment"))) << "not by rank alone";
  board.read_role = 2;
  EXPECT_FALSE(board.commentable(kWriter)) << "without the right to read there is no right to comment";
}

class BoardsTest : public SiteFixture {
 protected:
  BoardsTest() : SiteFixture("minschool_admin") {}

  const Board* find(std::string_view slug) {
    boards.changed();
    directory_ = run(boards.all(call));
    return directory_->find(slug);
  }
  static std::string slugs() { return ask("select string_agg(slug, ' ' order by position, id) from boards"); }

  Boards boards{db, [] { return true; }, writer};

 private:
  std::shared_ptr<const Directory> directory_;
};

TEST_F(BoardsTest, CreatingNeedsThePermissionAndIsInTheAuditLog) {
  EXPECT_THAT(code_of(run(boards.create(call, kStaff, {"new", "새 게시판", ""}))), Optional(ErrorCode::forbidden));
  const auto made = run(boards.create(call, kAdmin, {"new", "새 게시판", "설명", 1, 2, 3, false}));
  ASSERT_TRUE(made);
  const Board* board = find("new");
  ASSERT_NE(board, nullptr);
  EXPECT_EQ(board->id, *made);
  EXPECT_EQ(board->name + board->description, "새 게시판설명");
  EXPECT_EQ(board->read_role * 100 + board->write_role * 10 + board->comment_role, 123);
  EXPECT_FALSE(board->on_home);
  EXPECT_EQ(ask("select actor_id || ' ' || action || ' ' || subject_id from audit_log"),
            "4 board_create " + std::to_string(made->value));
}

TEST_F(BoardsTest, TheTransactionChecksARightThatWasRevokedMeanwhile) {
  ask("update users set role = 2 where id = 4");
  EXPECT_THAT(code_of(run(boards.create(call, kAdmin, {"new", "새 게시판", ""}))), Optional(ErrorCode::forbidden));
  EXPECT_THAT(code_of(run(boards.edit(call, kAdmin, BoardId{1}, {"free", "이름", ""}))),
              Optional(ErrorCode::forbidden));
  EXPECT_THAT(code_of(run(boards.move(call, kAdmin, BoardId{1}, 1))), Optional(ErrorCode::forbidden));
  EXPECT_EQ(ask("select name from boards where id = 1"), "자유게시판");
}

TEST_F(BoardsTest, AnAddressBelongsToOneBoard) {
  const auto taken = run(boards.create(call, kAdmin, {"free", "또 하나", ""}));
  ASSERT_FALSE(taken);
  ASSERT_EQ(taken.error().fields.size(), 1u);
  EXPECT_EQ(taken.error().fields[0].field, "slug");
}

TEST_F(BoardsTest, AFormerAddressLeadsToTheBoardUntilAnotherHasIt) {
  ASSERT_TRUE(run(boards.edit(call, kAdmin, BoardId{1}, {"plaza", "광장", ""})));
  EXPECT_EQ(find("free"), nullptr);
  const auto directory = run(boards.all(call));
  ASSERT_NE(directory->find_former("free"), nullptr);
  EXPECT_EQ(directory->find_former("free")->slug, "plaza");
  EXPECT_EQ(directory->find_former("nothing"), nullptr);
}

TEST_F(BoardsTest, AnEditOfAnotherVersionIsAConflict) {
  const std::int64_t version = find("free")->version;
  ASSERT_TRUE(run(boards.edit(call, kAdmin, BoardId{1}, {"free", "하나", "", 0, 1, 1, true, Kind::list, version})));
  EXPECT_THAT(
      code_of(run(boards.edit(call, kAdmin, BoardId{1}, {"free", "둘", "", 0, 1, 1, true, Kind::list, version}))),
      Optional(ErrorCode::conflict));
  EXPECT_EQ(ask("select name from boards where id = 1"), "하나");
  EXPECT_THAT(code_of(run(boards.edit(call, kAdmin, BoardId{99}, {"x", "이름", ""}))), Optional(ErrorCode::not_found));
}

TEST_F(BoardsTest, MoveUpAndDown) {
  ASSERT_TRUE(run(boards.move(call, kAdmin, BoardId{1}, 1)));
  EXPECT_EQ(slugs(), "staff free");
  ASSERT_TRUE(run(boards.move(call, kAdmin, BoardId{1}, 1))) << "the last one stays where it is";
  EXPECT_EQ(slugs(), "staff free");
  ASSERT_TRUE(run(boards.move(call, kAdmin, BoardId{1}, -1)));
  EXPECT_EQ(slugs(), "free staff");
  EXPECT_THAT(code_of(run(boards.move(call, kAdmin, BoardId{99}, 1))), Optional(ErrorCode::not_found));
}

}  // namespace
}  // namespace ms::boards
