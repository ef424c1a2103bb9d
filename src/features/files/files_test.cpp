// Uploads, the drafts that they belong to, and who may download what.
#include "features/files/files.hpp"

#include <gmock/gmock.h>

#include <string>

#include "features/testing/site_fixture.hpp"
#include "infra/http/form.hpp"

namespace ms::files {
namespace {

using testing::Optional;

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new pg::TestDatabase("files"));

constexpr DraftKey kDraft{DraftKey::Form::write, 1};
const std::string kHash(64, 'a');

class FileRules : public SiteFixture {
 protected:
  Result<AttachmentId> begin(const session::Viewer& viewer, std::string name = "안내문.hwp", std::int64_t size = 10,
                             DraftKey draft = kDraft) {
    return run(
        files.begin_upload(call, viewer, {draft, std::move(name), size}, "upload-" + std::to_string(++uploads_), ""));
  }
  AttachmentId upload(const session::Viewer& viewer, const std::string& hash = kHash) {
    const AttachmentId id = begin(viewer).value();
    const FileId file = run(files.register_file(call, viewer, hash, 10)).value();
    EXPECT_TRUE(run(files.complete_upload(call, viewer, id, file)));
    return id;
  }
  std::optional<ErrorCode> download(const session::Viewer& viewer, AttachmentId id) {
    return code_of(run(files.find_download(call, viewer, id)));
  }
  std::string name_of(std::string sent) {
    const auto id = begin(kWriter, std::move(sent));
    return id ? ask("select name from attachments where id = " + std::to_string(id->value)) : refused(id);
  }

  boards::Boards boards{db, [] { return true; }, writer};
  Files files{db, boards, writer, {.file_bytes = 100, .member_bytes = 250, .site_bytes = 1000}};

 private:
  int uploads_ = 0;
};

TEST_F(FileRules, AnUploadBelongsToItsOwnersDraftAlone) {
  const AttachmentId id = upload(kWriter);
  EXPECT_EQ(run(files.of_draft(call, kWriter, kDraft)).size(), 1U);
  EXPECT_EQ(run(files.of_draft(call, kReader, kDraft)).size(), 0U);
  EXPECT_EQ(run(files.find_in_draft(call, kWriter, id)).value().name, "안내문.hwp");
  EXPECT_THAT(code_of(run(files.find_in_draft(call, kReader, id))), Optional(ErrorCode::not_found));
  EXPECT_EQ(download(kWriter, id), std::nullopt);
  EXPECT_THAT(download(kReader, id), Optional(ErrorCode::not_found));
  EXPECT_THAT(download(kAdmin, id), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(run(files.find_upload(call, kReader, id))), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(run(files.remove(call, kReader, id))), Optional(ErrorCode::not_found));
}

TEST_F(FileRules, OnlyWhoMayWriteUploads) {
  EXPECT_THAT(code_of(begin(kGuest)), Optional(ErrorCode::unauthenticated));
  EXPECT_THAT(code_of(begin(kWriter, "a.hwp", 10, {DraftKey::Form::write, 2})), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(begin(kWriter, "a.hwp", 10, {DraftKey::Form::edit, 99})), Optional(ErrorCode::not_found));
  EXPECT_TRUE(begin(kStaff, "a.hwp", 10, {DraftKey::Form::write, 2}));
  ask("update users set suspended_until = 'infinity' where id = 2");
  EXPECT_FALSE(begin(kWriter)) << "rights are checked inside the write";
}

TEST_F(FileRules, TheSameBytesAreStoredOnce) {
  upload(kWriter);
  upload(kReader);
  EXPECT_EQ(ask("select count(*) from files"), "1");
  EXPECT_EQ(ask("select count(*) from jobs where kind = 'prepare_file'"), "1");
}

TEST_F(FileRules, NobodyStoresMoreThanTheQuota) {
  EXPECT_EQ(refused(begin(kWriter, "a", 101)), "files.too_large");
  EXPECT_TRUE(begin(kWriter, "a", 100));
  EXPECT_TRUE(begin(kWriter, "b", 100));
  EXPECT_EQ(refused(begin(kWriter, "c", 51)), "files.quota");
  EXPECT_TRUE(begin(kWriter, "d", 50)) << "exactly the quota";
  EXPECT_TRUE(begin(kReader, "a", 100)) << "each member has a quota of their own";
  EXPECT_EQ(refused(begin(kWriter, "e", 1)), "files.quota");
  ask("update attachments set deleted_at = now() where name = 'd'");
  EXPECT_TRUE(begin(kWriter, "e", 50)) << "what is removed counts no more";
}

TEST_F(FileRules, NamesAreHarmlessAndKeepTheirMeaning) {
  EXPECT_EQ(name_of("../../etc/passwd"), "passwd");
  EXPECT_EQ(name_of("C:\\문서\\안내문.hwp"), "안내문.hwp");
  EXPECT_EQ(name_of("\u1100\u1161\u11a8.hwp"), "각.hwp") << "NFD, as macOS sends it";
  EXPECT_EQ(name_of("a\r\nb\".txt"), "a b\".txt");
  EXPECT_EQ(name_of("이름\u202Efdp.exe"), "이름fdp.exe") << "no right-to-left override";
  EXPECT_EQ(name_of(".."), "files.name_empty");
  EXPECT_EQ(name_of(" "), "files.name_empty");
  std::string longest;
  for (int i = 0; i < 500; ++i) longest += "가";
  const std::string cut = name_of(longest + ".hwp");
  EXPECT_LE(cut.size(), kNameLimit);
  EXPECT_TRUE(cut.ends_with("가.hwp"));
}

TEST_F(FileRules, TheLastRequestThatContinuesAnUploadWins) {
  const AttachmentId id = begin(kWriter).value();
  Upload first = run(files.continue_upload(call, kWriter, id)).value();
  Upload second = run(files.continue_upload(call, kWriter, id)).value();
  first.received = 4;
  second.received = 6;
  EXPECT_TRUE(run(files.save_progress(call, kWriter, second)));
  EXPECT_THAT(code_of(run(files.save_progress(call, kWriter, first))), Optional(ErrorCode::conflict));
  EXPECT_EQ(run(files.find_upload(call, kWriter, id)).value().received, 6);
}

TEST_F(FileRules, NoUploadRefersToAFileThatIsBeingRemoved) {
  upload(kWriter);
  ask("update files set state = 3");
  EXPECT_EQ(refused(run(files.register_file(call, kReader, kHash, 10))), "files.removing");
}

TEST_F(FileRules, ARemovedAttachmentIsGone) {
  const AttachmentId id = upload(kWriter);
  EXPECT_TRUE(run(files.remove(call, kWriter, id)));
  EXPECT_THAT(download(kWriter, id), Optional(ErrorCode::not_found));
  EXPECT_THAT(code_of(run(files.remove(call, kWriter, id))), Optional(ErrorCode::not_found));
}

TEST(DraftKeys, AreReadAsTheyAreWritten) {
  for (const std::string_view good : {"write-3", "edit-12"}) EXPECT_EQ(DraftKey::parse(good)->text(), good);
  for (const std::string_view bad :
       {"", "write", "write-", "write-0", "write--1", "write-3x", "other-3", "edit-99999999999999999999"}) {
    EXPECT_FALSE(DraftKey::parse(bad)) << bad;
  }
}

TEST(Choices, KeepTheFormsOrderWithoutWhatIsRemoved) {
  const auto form = http::Form::parse(
      "attachments=1&attachment=7&attachment=3&attachment=9&attachment=7&attachment=x&alt-3=%EC%82%B0&decorative-7=1"
      "&remove-9=1");
  const auto choices = read_choices(*form);
  ASSERT_TRUE(choices);
  ASSERT_EQ(choices->size(), 2U);
  EXPECT_EQ(choices->at(0).id.value, 7);
  EXPECT_TRUE(choices->at(0).decorative);
  EXPECT_EQ(choices->at(1).alt.text(), "산");
  EXPECT_FALSE(read_choices(*http::Form::parse("title=a"))) << "a form without attachments changes none";
}

TEST(Sizes, AreShort) {
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1536), "1.5 KB");
  EXPECT_EQ(size_text(25LL << 20), "25 MB");
}

}  // namespace
}  // namespace ms::files
