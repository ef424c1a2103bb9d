// What the cleanup removes, and what it leaves.
#include "features/files/cleanup.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "features/files/files.hpp"
#include "features/testing/site_fixture.hpp"
#include "infra/storage/async_store.hpp"
#include "infra/storage/local_folder.hpp"

namespace ms::files {
namespace {

namespace fs = std::filesystem;

class Cleanup : public SiteFixture {
 protected:
  void SetUp() override {
    SiteFixture::SetUp();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  /// A file of this content, last touched so many days ago, with one attachment with these columns unless empty.
  void file(char letter, int days, const std::string& columns, const std::string& values) {
    const std::string hash(64, letter);
    const std::string past = "now() - interval '" + std::to_string(days) + " days'";
    ask("insert into files (sha256, size, touched_at, renditions) values ('" + hash + "', 3, " + past + ", 'thumb')");
    for (const std::string& key : {key_of(hash), key_of(hash, "thumb")}) {
      auto writer = folder.put(key, storage::IfExists::refuse);
      ASSERT_TRUE(writer && (*writer)->write("abc") && (*writer)->commit());
    }
    if (columns.empty()) return;
    ask("insert into attachments (owner_id, board_id, name, size, upload_id, file_id, touched_at, " + columns +
        ") select 2, 1, 'a', 3, '" + hash + "', max(id), " + past + ", " + values + " from files");
  }
  bool exists(char letter) {
    const std::string hash(64, letter);
    const bool original = folder.exists(key_of(hash)).value();
    EXPECT_EQ(folder.exists(key_of(hash, "thumb")).value(), original);
    EXPECT_EQ(ask("select count(*) from files where sha256 = '" + hash + "'"), original ? "1" : "0");
    return original;
  }
  /// As if the partial object had last been written so long ago.
  void age(const std::string& id, std::chrono::hours by) {
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (entry.path().string().contains("/" + id)) {
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - by);
      }
    }
  }
  bool clean() { return run(clean_up(db, call, store, std::chrono::days(30), "")).done; }

 private:
  fs::path root_ = fs::temp_directory_path() / ("minschool-cleanup-" + std::to_string(getpid()));

 protected:
  storage::LocalFolder folder{root_};
  CpuPool pool{1, 10};
  storage::AsyncStore store{folder, pool};
};

TEST_F(Cleanup, RemovesWhatNothingRefersTo) {
  file('a', 2, "", "");
  file('b', 0, "", "");
  EXPECT_TRUE(clean());
  EXPECT_FALSE(exists('a'));
  EXPECT_TRUE(exists('b')) << "its upload may be about to refer to it";
}

TEST_F(Cleanup, KeepsDraftsForTheTimeOfTheSettings) {
  file('a', 29, "draft_key", "'write-1'");
  file('b', 31, "draft_key", "'write-1'");
  clean();
  EXPECT_TRUE(exists('a'));
  EXPECT_FALSE(exists('b'));
}

TEST_F(Cleanup, ADeletedPostHasItsFilesUntilThen) {
  ask("insert into posts (board_id, number, author_id, title, content, attachments, deleted_at) values "
      "(1, 1, 2, 'a', 'a', 1, now() - interval '29 days'), (1, 2, 2, 'a', 'a', 1, now() - interval '31 days'), "
      "(1, 3, 2, 'a', 'a', 1, null)");
  file('a', 100, "post_id", "1");
  file('b', 100, "post_id", "2");
  file('c', 100, "post_id", "3");
  clean();
  EXPECT_TRUE(exists('a'));
  EXPECT_FALSE(exists('b'));
  EXPECT_TRUE(exists('c'));
}

TEST_F(Cleanup, OneContentStaysAsLongAsAnythingUsesIt) {
  file('a', 100, "draft_key, deleted_at", "'write-1', now() - interval '40 days'");
  ask("insert into attachments (owner_id, board_id, name, size, upload_id, file_id, draft_key) "
      "select 3, 1, 'b', 3, 'other', max(id), 'write-1' from files");
  clean();
  EXPECT_EQ(ask("select count(*) from attachments"), "1");
  EXPECT_TRUE(exists('a'));
}

TEST_F(Cleanup, AbandonsUnfinishedUploads) {
  const std::string handle = folder.begin_partial("unfinished").value();
  ask("insert into attachments (owner_id, board_id, name, size, upload_id, upload_handle, draft_key, touched_at) "
      "values (2, 1, 'a', 3, 'unfinished', '" +
      handle + "', 'write-1', now() - interval '31 days')");
  clean();
  EXPECT_EQ(ask("select count(*) from attachments"), "0");
  EXPECT_TRUE(folder.partials("", 10).value().empty());
}

TEST_F(Cleanup, RemovesPartialObjectsThatWereNeverRegistered) {
  for (const char* id : {"old", "new", "registered"}) ASSERT_TRUE(folder.begin_partial(id));
  ask("insert into attachments (owner_id, board_id, name, size, upload_id, draft_key) "
      "values (2, 1, 'a', 3, 'registered', 'write-1')");
  age("old", std::chrono::hours(25));
  age("registered", std::chrono::hours(25));
  clean();
  std::vector<std::string> left;
  for (const storage::Partial& one : folder.partials("", 10).value()) left.push_back(one.id);
  EXPECT_THAT(left, testing::ElementsAre("new", "registered"));
}

TEST_F(Cleanup, GoesOnWhereAKilledOneStopped) {
  file('a', 2, "", "");
  ask("update files set state = 3, touched_at = now()");
  ASSERT_TRUE(folder.remove(key_of(std::string(64, 'a'))));
  clean();
  EXPECT_EQ(ask("select count(*) from files"), "0");
}

}  // namespace
}  // namespace ms::files
