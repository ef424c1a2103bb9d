#include "infra/storage/local_partials.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "infra/io/file.hpp"

namespace ms::storage {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class LocalPartialsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "ms_partials_XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    root = path;
    store.emplace(root, Readers::all);
  }
  void TearDown() override { fs::remove_all(root); }

  std::unique_ptr<PartialWriter> resume(std::string_view id, std::uint64_t offset) {
    return store->continue_partial(id, "", offset).value();
  }
  std::string get(std::string_view key) {
    std::string out;
    const auto done = store->get(key, 0, UINT64_MAX, [&out](std::string_view bytes) {
      out += bytes;
      return true;
    });
    return done ? out : "fault " + std::to_string(static_cast<int>(done.error().fault));
  }
  std::vector<std::string> ids(std::string_view after = "", std::size_t limit = 100) {
    std::vector<std::string> out;
    for (const Partial& one : store->partials(after, limit).value()) out.push_back(one.id);
    return out;
  }
  fs::path only_file(std::string_view id) { return fs::directory_iterator(root / ".partial" / id)->path(); }
  static unsigned rights(const fs::path& path) {
    return static_cast<unsigned>(fs::status(path).permissions() & fs::perms::mask);
  }

  fs::path root;
  std::optional<LocalFolder> store;
};

TEST_F(LocalPartialsTest, IsReceivedInSessions) {
  EXPECT_EQ(store->begin_partial("u1"), "");
  EXPECT_EQ(store->begin_partial("u1"), "") << "the first answer was lost";
  {
    auto writer = resume("u1", 0);
    ASSERT_TRUE(writer->write("01"));
    ASSERT_TRUE(writer->write("234"));
    EXPECT_EQ(writer->sync()->offset, 5);
  }
  LocalFolder other(root, Readers::all);
  EXPECT_EQ(other.partial_size("u1", ""), 5U);
  auto writer = other.continue_partial("u1", "", 5).value();
  ASSERT_TRUE(writer->write("56789"));
  EXPECT_EQ(writer->sync()->offset, 10);
  EXPECT_EQ(store->exists("files/u1"), false);
  ASSERT_TRUE(store->complete_partial("u1", "", "files/ab/cd"));
  EXPECT_EQ(get("files/ab/cd"), "0123456789");
  EXPECT_THAT(ids(), IsEmpty());
  EXPECT_EQ(store->list("", "", 10)->size(), 1);
  EXPECT_EQ(store->download_path("files/ab/cd"), "/stored-files/files/ab/cd");
}

TEST_F(LocalPartialsTest, AKilledWriterLeavesItsBytes) {
  ASSERT_TRUE(store->begin_partial("u1"));
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto writer = resume("u1", 0);
    const bool written = writer->write("synced") && writer->sync() && writer->write("more");
    if (written && ::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_GE(store->partial_size("u1", "").value(), 6);
  auto writer = resume("u1", 6);
  EXPECT_EQ(store->partial_size("u1", ""), 6U) << "what is beyond the offset is dropped";
  ASSERT_TRUE(writer->write("!"));
  ASSERT_TRUE(store->complete_partial("u1", "", "a"));
  EXPECT_EQ(get("a"), "synced!");
}

TEST_F(LocalPartialsTest, TheLaterWriterWins) {
  ASSERT_TRUE(store->begin_partial("u1"));
  auto earlier = resume("u1", 0);
  ASSERT_TRUE(earlier->write("1111"));
  auto later = resume("u1", 2);
  EXPECT_EQ(earlier->write("1").error().fault, Fault::conflict);
  EXPECT_EQ(earlier->sync().error().fault, Fault::conflict);
  ASSERT_TRUE(later->write("2222"));
  EXPECT_EQ(earlier->write("1").error().fault, Fault::conflict) << "although the size is right again";
  EXPECT_EQ(later->sync()->offset, 6);
  ASSERT_TRUE(store->complete_partial("u1", "", "a"));
  EXPECT_EQ(later->write("2").error().fault, Fault::conflict) << "an object is never modified";
  EXPECT_EQ(later->sync().error().fault, Fault::conflict);
  EXPECT_EQ(get("a"), "112222");
}

TEST_F(LocalPartialsTest, ProcessesNeverMixTheirBytes) {
  ASSERT_TRUE(store->begin_partial("u1"));
  std::vector<pid_t> children;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int round = 0; round < 30; ++round) {
        auto writer = store->continue_partial("u1", "", 0);
        if (!writer) ::_exit(writer.error().fault == Fault::conflict ? 0 : 1);
        Result<> written;
        for (int i = 0; i < 20 && written; ++i) written = (*writer)->write(std::string(4096, letter));
        if (!written && written.error().fault != Fault::conflict) ::_exit(2);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  ASSERT_TRUE(store->complete_partial("u1", "", "a"));
  const std::string bytes = get("a");
  EXPECT_EQ(std::set<char>(bytes.begin(), bytes.end()).size(), 1);
}

TEST_F(LocalPartialsTest, AStoppedProcessIsNotWaitedForLong) {
  ASSERT_TRUE(store->begin_partial("u1"));
  const File held(::open(only_file("u1").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  const auto refused = store->continue_partial("u1", "", 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::conflict);
}

TEST_F(LocalPartialsTest, StoresTheSameBytesOnce) {
  for (const char* id : {"u1", "u2"}) {
    ASSERT_TRUE(store->begin_partial(id));
    ASSERT_TRUE(resume(id, 0)->write("same"));
    ASSERT_TRUE(store->complete_partial(id, "", "files/aa/same"));
    EXPECT_TRUE(store->complete_partial(id, "", "files/aa/same")) << "the answer to the first call was lost";
  }
  EXPECT_EQ(get("files/aa/same"), "same");
  EXPECT_THAT(ids(), IsEmpty());
  EXPECT_EQ(store->complete_partial("u1", "", "files/aa/other").error().fault, Fault::not_found);
}

TEST_F(LocalPartialsTest, OnlyObjectsCanBeReadByOthers) {
  ASSERT_EQ(::chmod(root.c_str(), 0755), 0);
  const mode_t before = ::umask(0077);
  ASSERT_TRUE(store->begin_partial("u1"));
  ASSERT_TRUE(resume("u1", 0)->write("x"));
  EXPECT_EQ(rights(root / ".partial"), 0700);
  EXPECT_EQ(rights(only_file("u1")), 0600);
  ASSERT_TRUE(store->complete_partial("u1", "", "files/aa"));
  EXPECT_EQ(rights(root / "files"), 0755);
  EXPECT_EQ(rights(root / "files/aa"), 0644);
  ASSERT_TRUE(store->put("files/bb", IfExists::refuse).value()->commit());
  EXPECT_EQ(rights(root / "files/bb"), 0644);
  LocalFolder owned(root);
  ASSERT_TRUE(owned.put("own/aa", IfExists::refuse).value()->commit());
  EXPECT_EQ(rights(root / "own"), 0700);
  EXPECT_EQ(rights(root / "own/aa"), 0600);
  ::umask(before);
}

TEST_F(LocalPartialsTest, WhatRootWritesBelongsToTheProgram) {
  constexpr uid_t kOther = 12345;
  if (::chown(root.c_str(), kOther, kOther) != 0) GTEST_SKIP() << "only root may";
  ASSERT_TRUE(store->put("files/aa", IfExists::refuse).value()->commit());
  for (const char* path : {"files", "files/aa"}) {
    struct stat about{};
    ASSERT_EQ(::stat((root / path).c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, kOther) << path;
    EXPECT_EQ(about.st_gid, kOther) << path;
  }
}

TEST_F(LocalPartialsTest, AFullDiskKeepsWhatFitted) {
  if (::mount("tmpfs", root.c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "only root may mount";
  ASSERT_TRUE(store->begin_partial("u1"));
  {
    auto writer = resume("u1", 0);
    ASSERT_TRUE(writer->write(std::string(100'000, 'x')));
    const auto full = writer->write(std::string(500'000, 'x'));
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().fault, Fault::no_room);
    const std::uint64_t reached = writer->sync()->offset;
    EXPECT_GE(reached, 100'000);
    EXPECT_EQ(store->partial_size("u1", ""), reached);
  }
  EXPECT_EQ(resume("u1", 100'000)->write("y").has_value(), true) << "continuing makes room";
  ASSERT_TRUE(store->abandon_partial("u1", ""));
  EXPECT_TRUE(store->put("b", IfExists::refuse).value()->write(std::string(200'000, 'x')));
  ::umount(root.c_str());
}

TEST_F(LocalPartialsTest, AbandonedOnesAreListedAndRemoved) {
  EXPECT_THAT(ids(), IsEmpty());
  const Timestamp start = now();
  for (const char* id : {"b", "a", "c"}) ASSERT_TRUE(store->begin_partial(id));
  fs::remove(only_file("c"));  // killed while it began
  EXPECT_THAT(ids(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ids("a", 1), ElementsAre("b"));
  const Partial first = store->partials("", 1)->front();
  EXPECT_LT(std::chrono::abs(first.changed - start), std::chrono::minutes(1));
  auto writer = resume("a", 0);
  for (const char* id : {"a", "b", "c", "never"}) EXPECT_TRUE(store->abandon_partial(id, "")) << id;
  EXPECT_EQ(writer->write("x").error().fault, Fault::conflict);
  EXPECT_THAT(ids(), IsEmpty());
  EXPECT_EQ(store->continue_partial("a", "", 0).error().fault, Fault::not_found);
  EXPECT_EQ(store->partial_size("a", "").error().fault, Fault::not_found);
  EXPECT_EQ(store->complete_partial("a", "", "key").error().fault, Fault::not_found);
}

TEST_F(LocalPartialsTest, RefusesWhatCannotBe) {
  for (const char* id : {"", ".", "..", "a/b", "a.b", "가"}) {
    EXPECT_EQ(store->begin_partial(id).error().fault, Fault::bad_key) << id;
    EXPECT_EQ(store->continue_partial(id, "", 0).error().fault, Fault::bad_key) << id;
    EXPECT_EQ(store->abandon_partial(id, "").error().fault, Fault::bad_key) << id;
  }
  EXPECT_FALSE(is_valid_partial_id(std::string(65, 'a')));
  EXPECT_TRUE(is_valid_partial_id("0f8fad5b-d9cb-469f-A165-70867728950e"));
  ASSERT_TRUE(store->begin_partial("u1"));
  EXPECT_EQ(store->complete_partial("u1", "", "../x").error().fault, Fault::bad_key);
  EXPECT_EQ(store->continue_partial("u1", "", 1).error().fault, Fault::not_found) << "fewer bytes than that";
}

}  // namespace
}  // namespace ms::storage
