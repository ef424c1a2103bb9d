// Files through the real decoder: what is stored and written down of them, and who may download what.
#include "features/files/prepare.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "features/testing/site_fixture.hpp"
#include "infra/storage/async_store.hpp"
#include "infra/storage/local_folder.hpp"

namespace ms::files {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Prepare : public SiteFixture {
 protected:
  void SetUp() override {
    SiteFixture::SetUp();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  /// A complete upload with these bytes, in a draft of kWriter; returns its attachment.
  AttachmentId upload(const std::string& bytes) {
    auto writer = folder.put(key_of(hash), storage::IfExists::replace);
    EXPECT_TRUE(writer && (*writer)->write(bytes) && (*writer)->commit());
    ask("insert into files (sha256, size) values ('" + hash + "', " + std::to_string(bytes.size()) + ")");
    return {
        std::stoll(ask("insert into attachments (owner_id, board_id, name, size, upload_id, file_id, draft_key) "
                       "select 2, 1, 'IMG.HEIC', size, 'u', id, 'write-1' from files returning id"))};
  }
  void prepare(const std::string& decoder = MINSCHOOL_DECODER) {
    const FileId id{std::stoll(ask("select max(id) from files"))};
    EXPECT_TRUE(run(files::prepare(db, call, store, decoder, id)).done);
  }
  static std::string column(const std::string& name) {
    return ask("select coalesce(" + name + "::text, '-') from files");
  }
  std::string object(const std::string& key) {
    std::string out;
    EXPECT_TRUE(folder.get(key, 0, UINT64_MAX, [&out](std::string_view bytes) {
      out += bytes;
      return true;
    })) << key;
    return out;
  }

 private:
  fs::path root_ = fs::temp_directory_path() / ("minschool-prepare-" + std::to_string(getpid()));

 protected:
  const std::string hash = std::string(64, 'a');
  storage::LocalFolder folder{root_};
  CpuPool pool{1, 10};
  storage::AsyncStore store{folder, pool};
};

/// A white pixel, with a comment.
std::string gif() {
  return std::string("GIF89a\1\0\1\0\x80\0\0\xFF\xFF\xFF\0\0\0", 19) + std::string("!\xFE\x0CSecret-Place\0", 16) +
         std::string(",\0\0\0\0\1\0\1\0\0\2\2D\1\0;", 16);
}

TEST_F(Prepare, APictureHasRenditionsAndAnOriginalWithoutMetadata) {
  upload(gif());
  prepare();
  EXPECT_EQ(column("state"), "1");
  EXPECT_EQ(column("media_type"), "image/gif");
  EXPECT_EQ(column("width"), "1");
  EXPECT_EQ(column("renditions"), "card thumb original");
  EXPECT_THAT(object(key_of(hash, "thumb")), HasSubstr("WEBP"));
  EXPECT_THAT(object(original_key_of(hash)), Not(HasSubstr("Secret-Place")));
  EXPECT_THAT(object(key_of(hash)), HasSubstr("Secret-Place")) << "what was uploaded stays";
}

TEST_F(Prepare, ADocumentHasItsText) {
  upload("가정통신문");
  prepare();
  EXPECT_EQ(column("state"), "1");
  EXPECT_EQ(column("media_type"), "text/plain");
  EXPECT_EQ(column("content_text"), "가정통신문");
  EXPECT_EQ(column("renditions"), "");
  EXPECT_EQ(column("width"), "-");
}

TEST_F(Prepare, ABrokenPictureIsUnprepared) {
  upload(gif().substr(0, 30));
  prepare();
  EXPECT_EQ(column("state"), "2");
  EXPECT_EQ(column("renditions"), "");
}

TEST_F(Prepare, ADecoderThatDiesIsAResult) {
  upload("x");
  prepare("/bin/false");
  EXPECT_EQ(column("state"), "2");
  EXPECT_EQ(column("media_type"), "application/octet-stream");
}

TEST_F(Prepare, FaultsOfTheMachineAreTriedAgain) {
  upload("x");
  EXPECT_THROW(prepare("/nonexistent/decoder"), std::system_error);
  ASSERT_TRUE(folder.remove(key_of(hash)));
  EXPECT_THROW(prepare(), std::runtime_error);
  EXPECT_EQ(column("state"), "0");
}

TEST_F(Prepare, ASecondRunChangesNothing) {
  upload(gif());
  prepare();
  ASSERT_TRUE(folder.remove(key_of(hash)));
  prepare();
  EXPECT_EQ(column("state"), "1");
}

TEST_F(Prepare, PagesThatShowItAreReadAgain) {
  const AttachmentId id = upload(gif());
  ask("insert into posts (board_id, number, author_id, title, content) values (1, 1, 2, 'a', 'a')");
  ask("update attachments set post_id = 1, draft_key = null where id = " + std::to_string(id.value));
  const std::string before = ask("select events from post_counters where post_id = 1");
  prepare();
  EXPECT_NE(ask("select events from post_counters where post_id = 1"), before);
}

TEST(Downloads, GiveAPicturesOwnBytesToItsUploaderOnly) {
  const auto key = [](State state, const char* type, const char* renditions, bool own) {
    return Download{std::string(64, 'a'), "n", type, renditions, state, own}.key();
  };
  const std::string raw = key_of(std::string(64, 'a'));
  const std::string clean = original_key_of(std::string(64, 'a'));
  EXPECT_EQ(key(State::waiting, "application/octet-stream", "", false), std::nullopt);
  EXPECT_EQ(key(State::waiting, "application/octet-stream", "", true), raw);
  EXPECT_EQ(key(State::prepared, "image/jpeg", "thumb original", false), clean);
  EXPECT_EQ(key(State::prepared, "image/jpeg", "thumb original", true), clean);
  EXPECT_EQ(key(State::unprepared, "image/jpeg", "", false), std::nullopt);
  EXPECT_EQ(key(State::unprepared, "image/png", "original", false), clean);
  EXPECT_EQ(key(State::prepared, "application/pdf", "preview", false), raw);
  EXPECT_EQ(key(State::unprepared, "application/x-hwp", "", false), raw);
}

}  // namespace
}  // namespace ms::files
