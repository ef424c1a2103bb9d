#include "apps/monitor/cache_files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace ms::monitor {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

constexpr auto kAlways = system_clock::time_point::min();
const std::string kHead = std::string("\5\0\0\0\0\0\0\0", 8) + "…";

class CacheFilesTest : public testing::Test {
 protected:
  ~CacheFilesTest() override { fs::remove_all(folder_); }

  fs::path save(const std::string& name, const std::string& page) const {
    const fs::path path = folder_ / name.substr(0, 1) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << kHead << page;
    return path;
  }
  static std::string content(const fs::path& path) {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  static bool valid(const fs::path& path) { return content(path).starts_with(kHead); }

  const fs::path folder_ = "/tmp/minschool-cache-files-" + std::to_string(::getpid());
};

TEST_F(CacheFilesTest, InvalidatesWhatTheScopeConcerns) {
  const fs::path list = save("a1", "KEY: /boards/free\n/boards/free/12 /boards/free/13");
  const fs::path post = save("b2", "KEY: /boards/free/13\n");
  const Invalidated found = invalidate(folder_, PurgeScope::parse("post=12"), kAlways);
  EXPECT_EQ(found.pages, 1U);
  EXPECT_EQ(found.read, 2U);
  EXPECT_FALSE(valid(list));
  EXPECT_TRUE(valid(post));
  // The rest of the file stays: Nginx may be sending it.
  EXPECT_TRUE(content(list).ends_with("/boards/free/13"));
}

TEST_F(CacheFilesTest, InvalidatesEverything) {
  const fs::path list = save("a1", "KEY: /boards/free\n");
  const fs::path home = save("b2", "KEY: /\n");
  EXPECT_EQ(invalidate(folder_, PurgeScope::everything(), kAlways).pages, 2U);
  EXPECT_FALSE(valid(list));
  EXPECT_FALSE(valid(home));
}

TEST_F(CacheFilesTest, LooksOnlyAtWhatWasWrittenSince) {
  const fs::path old = save("a1", "KEY: /boards/free/12\n");
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  const fs::path fresh = save("b2", "KEY: /boards/free/12?comments=2\n");
  EXPECT_EQ(invalidate(folder_, PurgeScope::parse("post=12"), system_clock::now()).read, 1U);
  EXPECT_TRUE(valid(old));
  EXPECT_FALSE(valid(fresh));
}

TEST_F(CacheFilesTest, AMissingFolderHasNoPages) {
  EXPECT_EQ(invalidate(folder_ / "none", PurgeScope::everything(), kAlways).pages, 0U);
}

TEST_F(CacheFilesTest, FailsForAPageThatItCannotChange) {
  if (::getuid() == 0) GTEST_SKIP() << "root may change everything";
  fs::permissions(save("a1", "KEY: /\n"), fs::perms::owner_read);
  EXPECT_THROW(invalidate(folder_, PurgeScope::everything(), kAlways), std::runtime_error);
}

}  // namespace
}  // namespace ms::monitor
