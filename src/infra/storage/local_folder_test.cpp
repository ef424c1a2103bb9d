#include "infra/storage/local_folder.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace ms::storage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class LocalFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "ms_storage_XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    root = path;
    store.emplace(root);
  }
  void TearDown() override { fs::remove_all(root); }

  Result<> put(std::string_view key, std::string_view bytes, IfExists there = IfExists::refuse) {
    auto writer = store->put(key, there);
    if (!writer) return std::unexpected(writer.error());
    for (const char byte : bytes) {
      if (auto written = (*writer)->write({&byte, 1}); !written) return written;
    }
    return (*writer)->commit();
  }
  std::string get(std::string_view key, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX) {
    std::string out;
    const auto done = store->get(key, offset, size, [&out](std::string_view bytes) {
      out += bytes;
      return true;
    });
    return done ? out : "fault " + std::to_string(static_cast<int>(done.error().fault));
  }
  std::vector<std::string> keys(std::string_view prefix = "", std::string_view after = "", std::size_t limit = 100) {
    std::vector<std::string> out;
    for (const Object& one : store->list(prefix, after, limit).value()) out.push_back(one.key);
    return out;
  }
  /// Every entry of the folder, under any name.
  std::vector<std::string> files() {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) out.push_back(entry.path().lexically_relative(root).string());
    }
    return out;
  }

  fs::path root;
  std::optional<LocalFolder> store;
};

TEST_F(LocalFolderTest, ReturnsTheStoredBytes) {
  ASSERT_TRUE(put("2026/11/a.bin", "0123456789"));
  EXPECT_EQ(get("2026/11/a.bin"), "0123456789");
  EXPECT_EQ(get("2026/11/a.bin", 3, 4), "3456");
  EXPECT_EQ(get("2026/11/a.bin", 8, 100), "89");
  EXPECT_EQ(get("2026/11/a.bin", 10), "");
  EXPECT_EQ(store->size("2026/11/a.bin"), 10U);
  EXPECT_EQ(store->exists("2026/11/a.bin"), true);
  EXPECT_TRUE(store->remove("2026/11/a.bin"));
  EXPECT_TRUE(store->remove("2026/11/a.bin")) << "nothing to do";
  EXPECT_EQ(store->exists("2026/11/a.bin"), false);
  EXPECT_EQ(store->size("2026/11/a.bin").error().fault, Fault::not_found);
  EXPECT_EQ(get("2026/11/a.bin"), "fault 1");
  EXPECT_EQ(store->exists("2026/11"), false) << "a folder is no object";
}

TEST_F(LocalFolderTest, ReadsLargeObjectsInChunksUntilStopped) {
  const std::string large(200'000, 'x');
  auto writer = store->put("large", IfExists::refuse).value();
  ASSERT_TRUE(writer->write(large));
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(get("large"), large);
  EXPECT_EQ(get("large", 1, 150'000).size(), 150'000);
  int chunks = 0;
  ASSERT_TRUE(store->get("large", 0, UINT64_MAX, [&chunks](std::string_view) { return ++chunks < 2; }));
  EXPECT_EQ(chunks, 2);
}

TEST_F(LocalFolderTest, ReplacesOnlyWhenAllowed) {
  ASSERT_TRUE(put("a", "1"));
  const auto again = put("a", "2");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().fault, Fault::exists);
  EXPECT_EQ(get("a"), "1");
  ASSERT_TRUE(put("a", "3", IfExists::replace));
  EXPECT_EQ(get("a"), "3");
  EXPECT_THAT(files(), ElementsAre("a"));
}

TEST_F(LocalFolderTest, AnUncommittedObjectDoesNotExist) {
  {
    auto writer = store->put("a", IfExists::replace).value();
    ASSERT_TRUE(writer->write("1"));
    EXPECT_EQ(store->exists("a"), false);
    EXPECT_THAT(keys(), IsEmpty());
  }
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(LocalFolderTest, AKilledWriterLeavesNothingVisible) {
  ASSERT_TRUE(put("a", "1"));
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = store->put("a", IfExists::replace).value();
    const bool written = writer->write("half").has_value() && ::write(ready[1], "x", 1) == 1;
    ::pause();
    ::_exit(written ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(store->remove_unfinished(), 0) << "it is still at work";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(get("a"), "1");
  EXPECT_THAT(keys(), ElementsAre("a"));
  store->remove_unfinished();
  EXPECT_THAT(files(), ElementsAre("a"));
}

TEST_F(LocalFolderTest, RemovesOnlyUnfinishedFilesOfKilledWriters) {
  for (const char* name : {".minschool-AAAAAA", ".minschool.toml", "minschool-AAAAAA"})
    std::ofstream(root / name) << "x";
  EXPECT_EQ(store->remove_unfinished(), 1);
  EXPECT_THAT(files(), testing::UnorderedElementsAre(".minschool.toml", "minschool-AAAAAA"));
}

TEST_F(LocalFolderTest, AFullDiskFailsAndKeepsTheOldObject) {
  if (::mount("tmpfs", root.c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "only root may mount";
  EXPECT_TRUE(put("a", "1"));
  auto writer = store->put("b", IfExists::refuse).value();
  Result<> done;
  for (int i = 0; i < 10 && done; ++i) done = writer->write(std::string(100'000, 'x'));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, Fault::no_room);
  EXPECT_THAT(done.error().what, testing::HasSubstr("No space left"));
  writer.reset();
  EXPECT_EQ(get("a"), "1");
  EXPECT_THAT(files(), ElementsAre("a"));
  EXPECT_TRUE(put("b", "2")) << "there is room again";
  ::umount(root.c_str());
}

TEST_F(LocalFolderTest, ListsByPrefixInKeyOrder) {
  for (const char* key : {"b/2", "a", "b/1", "b.txt", "b/10", "c/d/e", "ba"}) ASSERT_TRUE(put(key, "x")) << key;
  std::ofstream(root / ".hidden") << "x";
  fs::create_symlink("/etc/passwd", root / "link");
  EXPECT_THAT(keys(), ElementsAre("a", "b.txt", "b/1", "b/10", "b/2", "ba", "c/d/e"));
  EXPECT_THAT(keys("b/"), ElementsAre("b/1", "b/10", "b/2"));
  EXPECT_THAT(keys("b/1"), ElementsAre("b/1", "b/10"));
  EXPECT_THAT(keys("c/d/"), ElementsAre("c/d/e"));
  EXPECT_THAT(keys("", "b/1", 2), ElementsAre("b/10", "b/2"));
  EXPECT_THAT(keys("", "b/2", 2), ElementsAre("ba", "c/d/e"));
  EXPECT_THAT(keys("d"), IsEmpty());
  EXPECT_EQ(get("link"), "fault 6") << "no way out of the folder";
}

TEST_F(LocalFolderTest, FollowsNoLinksWhenItLists) {
  ASSERT_TRUE(put("b/1", "x"));
  fs::create_directory_symlink(root, root / "b" / "back");
  fs::create_symlink("itself", root / "itself");
  EXPECT_THAT(keys(), ElementsAre("b/1"));
}

TEST_F(LocalFolderTest, ReportsFaultsOfTheFolder) {
  LocalFolder nowhere(root / "nowhere");
  EXPECT_EQ(nowhere.put("a", IfExists::refuse).error().fault, Fault::not_found);
  EXPECT_EQ(nowhere.list("", "", 1).error().fault, Fault::not_found);
}

TEST_F(LocalFolderTest, NoKeyLeadsOutOfTheFolder) {
  for (const char* key : {"a", "a/b-c_d.e", "가정통신문 3월.hwp", "a..b"}) EXPECT_TRUE(is_valid_key(key)) << key;
  for (const char* key : {"", "/", "/a", "a/", "a//b", "..", "a/../b", ".", ".a", "a/.b", "a\\b", "a\nb", "\xFF"}) {
    EXPECT_FALSE(is_valid_key(key)) << key;
    EXPECT_EQ(put(key, "x").error().fault, Fault::bad_key) << key;
    EXPECT_EQ(get(key), "fault 0") << key;
    EXPECT_EQ(store->exists(key).error().fault, Fault::bad_key) << key;
    EXPECT_EQ(store->remove(key).error().fault, Fault::bad_key) << key;
  }
  EXPECT_FALSE(is_valid_key(std::string(201, 'a')));
  EXPECT_FALSE(is_valid_key(std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(200, 'c')));
}

}  // namespace
}  // namespace ms::storage
