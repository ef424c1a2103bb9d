// The rules for posts, and what PostgreSQL stores afterwards.
#include <gmock/gmock.h>

#include "features/posts/posts.hpp"
#include "features/testing/site_fixture.hpp"

namespace ms::posts {
namespace {

using testing::Optional;

class PostRules : public WritingFixture {
 protected:
  Result<PostId> write(const session::Viewer& viewer, Draft draft = {"봄 소풍", "본문", false}, std::int64_t on = 1) {
    return run(posts.write(call, viewer, board(on), std::move(draft)));
  }
  Result<void> edit(const session::Viewer& viewer, PostId id, Draft draft = {"가을 소풍", "고침", false}) {
    return run(posts.edit(call, viewer, id, std::move(draft)));
  }
  Result<void> remove(const session::Viewer& viewer, PostId id, std::string reason = "",
                      std::optional<std::int64_t> version = {}) {
    return run(posts.remove(call, viewer, id, std::move(reason), version));
  }
  static std::string post(PostId id, const std::string& what) {
    return ask("select " + what + " from posts where id = " + std::to_string(id.value));
  }

  /// A complete upload of kWriter.
  static files::AttachmentId attachment(const std::string& name, const std::string& draft) {
    return {
        std::stoll(ask("with stored as (insert into files (sha256, size) values (md5('" + name + "') || md5('" + draft +
                       "'), 5) returning id) insert into attachments (owner_id, board_id, draft_key, name, size, "
                       "upload_id, file_id) select 2, 1, '" +
                       draft + "', '" + name + "', 5, gen_random_uuid(), id from stored returning id"))};
  }

  ViewCounter views{db, redis};
  Posts posts{db, cache, boards, views, limiter, writer};
  files::Files files{db, boards, writer, {}};
};

TEST_F(PostRules, AMemberWritesWhereTheBoardLetsThem) {
  const auto written = write(kWriter, {"봄 소풍", "*본문*", true});
  ASSERT_TRUE(written);
  EXPECT_EQ(post(*written, "title || ' ' || author_id || ' ' || board_id || ' ' || number"), "봄 소풍 2 1 1");
  EXPECT_EQ(post(*written, "content_html"), "<p><em>본문</em></p>\n");
  EXPECT_EQ(post(*written, "notice"), "f") << "a notice needs its permission";
  EXPECT_EQ(write(kReader).value().value, written->value + 1);
}

TEST_F(PostRules, WritingWithoutTheRightFailsAndStoresNothing) {
  EXPECT_THAT(code_of(write(kGuest)), Optional(ErrorCode::unauthenticated));
  EXPECT_THAT(code_of(write(kWriter, {"제목", "본문", false}, 2)), Optional(ErrorCode::forbidden));
  EXPECT_EQ(ask("select count(*) from posts"), "0");
  EXPECT_TRUE(write(kStaff, {"제목", "본문", true}, 2));
  EXPECT_EQ(ask("select count(*) from posts where notice"), "1");
}

TEST_F(PostRules, TheTransactionChecksARightThatWasRevokedMeanwhile) {
  ask("update users set suspended_until = 'infinity' where id = 2");
  EXPECT_FALSE(write(kWriter));
  EXPECT_EQ(ask("select count(*) from posts"), "0");
  const boards::Board stale = board();
  ask("update boards set write_role = 2 where id = 1");
  EXPECT_FALSE(run(posts.write(call, kReader, stale, {"제목", "본문", false})));
  EXPECT_EQ(ask("select count(*) from posts"), "0");
}

TEST_F(PostRules, APostShowsItsAttachmentsToWhoeverMayReadIt) {
  const files::AttachmentId picture = attachment("사진.jpg", "write-1");
  const files::AttachmentId notice = attachment("안내문.hwp", "write-1");
  Draft draft{"봄 소풍", "본문", false};
  draft.attachments = {{notice, "", false}, {picture, "운동장", false}};
  const auto id = write(kWriter, draft);
  ASSERT_TRUE(id);
  const auto shown = run(posts.read(call, kGuest, *id)).value().post.attachments.all;
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown.at(0).name, "안내문.hwp");
  EXPECT_EQ(shown.at(1).alt, "운동장");
  EXPECT_TRUE(run(files.find_download(call, kGuest, picture)));
  ask("update boards set read_role = 1 where id = 1");
  boards.changed();
  EXPECT_FALSE(run(files.find_download(call, kGuest, picture))) << "the right to read is asked now";
  EXPECT_TRUE(run(files.find_download(call, kReader, picture)));
  ASSERT_TRUE(remove(kWriter, *id));
  EXPECT_FALSE(run(files.find_download(call, kWriter, picture)));
}

TEST_F(PostRules, AnEditKeepsAndRemovesAttachments) {
  const files::AttachmentId first = attachment("1.pdf", "write-1");
  Draft draft{"봄 소풍", "본문", false};
  draft.attachments = {{first, "", false}};
  const PostId id = write(kWriter, draft).value();
  ASSERT_TRUE(edit(kWriter, id));
  EXPECT_EQ(post(id, "attachments"), "1") << "an edit that does not name attachments keeps them";
  draft.attachments = {{attachment("2.pdf", "edit-" + std::to_string(id.value)), "", false}};
  ASSERT_TRUE(edit(kWriter, id, draft));
  EXPECT_EQ(run(posts.read(call, kGuest, id)).value().post.attachments.all.at(0).name, "2.pdf");
  EXPECT_FALSE(run(files.find_download(call, kWriter, first)));
  draft.attachments.emplace();
  ASSERT_TRUE(edit(kWriter, id, draft));
  EXPECT_EQ(post(id, "attachments"), "0");
}

TEST_F(PostRules, AGalleryShowsTheFirstPictureOfEachPost) {
  Draft draft{"봄 소풍", "본문", false};
  draft.attachments = {{attachment("안내문.hwp", "write-1"), "", false},
                       {attachment("1.jpg", "write-1"), "운동장", false}};
  const PostId id = write(kWriter, draft).value();
  ASSERT_TRUE(write(kWriter));
  ask("update files set renditions = 'thumb card', state = 1 where sha256 like md5('1.jpg') || '%'");
  EXPECT_EQ(run(posts.page(call, board(), 1)).attachments.size(), 0U) << "a list asks for none";
  ask("update boards set kind = 1 where id = 1");
  boards.changed();
  const Page page = run(posts.page(call, board(), 1));
  ASSERT_NE(page.attachments_of(id), nullptr);
  EXPECT_EQ(page.attachments_of(id)->first_picture()->alt, "운동장");
  EXPECT_EQ(page.attachments_of(page.lines.at(0).id), nullptr);
  const auto recent = run(posts.recent(call, 0));
  EXPECT_EQ(recent.at(1).alt, "운동장");
  EXPECT_FALSE(recent.at(0).picture);
}

TEST_F(PostRules, NobodyAttachesWhatIsNotTheirs) {
  Draft draft{"봄 소풍", "본문", false};
  draft.attachments = {{attachment("1.pdf", "write-1"), "", false}};
  EXPECT_THAT(code_of(write(kReader, draft)), Optional(ErrorCode::conflict)) << "somebody else's draft";
  draft.attachments = {{attachment("1.pdf", "edit-7"), "", false}};
  EXPECT_THAT(code_of(write(kWriter, draft)), Optional(ErrorCode::conflict)) << "another draft";
  EXPECT_EQ(ask("select count(*) from posts"), "0");
}

TEST_F(PostRules, EveryWrongFieldIsNamed) {
  const auto refused = write(kWriter, {" ", std::string(kContentLimit + 1, 'x'), false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  ASSERT_EQ(refused.error().fields.size(), 2u);
  EXPECT_EQ(refused.error().fields[0].field, "title");
  EXPECT_EQ(refused.error().fields[1].field, "content");
}

TEST_F(PostRules, OnlyTheAuthorEdits) {
  const PostId id = write(kWriter).value();
  EXPECT_THAT(code_of(edit(kReader, id)), Optional(ErrorCode::forbidden));
  EXPECT_THAT(code_of(edit(kStaff, id)), Optional(ErrorCode::forbidden));
  EXPECT_THAT(code_of(edit(kGuest, id)), Optional(ErrorCode::unauthenticated));
  EXPECT_EQ(post(id, "title"), "봄 소풍");
  ASSERT_TRUE(edit(kWriter, id));
  EXPECT_EQ(post(id, "title || ' ' || content || (updated_at is not null)"), "가을 소풍 고침true");
  EXPECT_THAT(code_of(edit(kWriter, PostId{99})), Optional(ErrorCode::not_found));
}

TEST_F(PostRules, AnEditOfAnotherVersionIsAConflict) {
  const PostId id = write(kWriter).value();
  const std::int64_t version = run(posts.read(call, kWriter, id)).value().post.version;
  ASSERT_TRUE(edit(kWriter, id, {"하나", "본문", false, version}));
  EXPECT_THAT(code_of(edit(kWriter, id, {"둘", "본문", false, version})), Optional(ErrorCode::conflict));
  EXPECT_EQ(post(id, "title"), "하나");
  EXPECT_THAT(code_of(remove(kWriter, id, "", version)), Optional(ErrorCode::conflict));
  EXPECT_EQ(post(id, "deleted_at is null"), "t");
}

TEST_F(PostRules, AuthorsDeleteTheirOwnWithoutAnAuditEntryAndStaffWithOne) {
  const PostId own = write(kWriter).value();
  const PostId other = write(kWriter).value();
  EXPECT_THAT(code_of(remove(kReader, own)), Optional(ErrorCode::forbidden));
  ASSERT_TRUE(remove(kWriter, own));
  EXPECT_EQ(ask("select count(*) from audit_log"), "0");
  ASSERT_TRUE(remove(kStaff, other, "광고"));
  EXPECT_EQ(ask("select actor_id || ' ' || action || ' ' || subject_kind || ' ' || subject_id || ' ' || reason "
                "from audit_log"),
            "1 delete post " + std::to_string(other.value) + " 광고");
  EXPECT_EQ(ask("select count(*) from posts where deleted_at is not null"), "2") << "the rows stay";
}

TEST_F(PostRules, ADeletedOrHiddenPostIsNotFound) {
  const PostId id = write(kWriter).value();
  ASSERT_TRUE(run(posts.read(call, kGuest, id)));
  ASSERT_TRUE(remove(kWriter, id));
  EXPECT_THAT(code_of(run(posts.read(call, kWriter, id))), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(run(posts.find(call, kStaff, id))), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(edit(kWriter, id)), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(remove(kWriter, id)), Optional(ErrorCode::not_found));
  EXPECT_EQ(run(posts.page(call, board(), 1)).total, 0);
}

TEST_F(PostRules, AClosedBoardHidesItsPosts) {
  const PostId id = write(kStaff, {"회의", "본문", false}, 2).value();
  EXPECT_THAT(code_of(run(posts.read(call, kReader, id))), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(edit(kReader, id)), Optional(ErrorCode::not_found))
      << "not forbidden: nobody learns that it exists";
  EXPECT_TRUE(run(posts.read(call, kStaff, id)));
}

TEST_F(PostRules, TheListHasVisiblePostsNewestFirst) {
  const PostId first = write(kWriter).value();
  const PostId second = write(kReader, {"둘째", "본문", false}).value();
  const PostId notice = write(kStaff, {"공지", "본문", true}).value();
  ask("update posts set hidden_at = now() where id = " + std::to_string(second.value));
  const Page page = run(posts.page(call, board(), 1));
  EXPECT_EQ(page.total, 2);
  ASSERT_EQ(page.pinned.size(), 1u);
  EXPECT_EQ(page.pinned[0].id, notice);
  ASSERT_EQ(page.lines.size(), 2u);
  EXPECT_EQ(page.lines[0].id, notice);
  EXPECT_EQ(page.lines[1].id, first);
  EXPECT_EQ(page.newest, 3);
}

}  // namespace
}  // namespace ms::posts
