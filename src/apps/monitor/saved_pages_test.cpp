#include "apps/monitor/saved_pages.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <set>

#include "apps/monitor/nginx_config.hpp"

namespace ms::monitor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMegabyte = 1024 * 1024;

class SavedPagesTest : public testing::Test {
 protected:
  ~SavedPagesTest() override { fs::remove_all(folder_); }
  fs::path generation() const { return fs::canonical(folder_ / "current"); }

  const fs::path folder_ = "/tmp/minschool-saved-pages-" + std::to_string(::getpid());
};

TEST_F(SavedPagesTest, EachPurgeMakesANewGeneration) {
  SavedPages pages(folder_);
  std::set<fs::path> generations{generation()};
  for (int i = 0; i < 5; ++i) {
    pages.purge();
    EXPECT_TRUE(generations.insert(generation()).second);
  }
  EXPECT_EQ(pages.purges(), 5U);
  // Nginx may still use the previous one; all others are gone.
  EXPECT_LE(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 3);
}

TEST_F(SavedPagesTest, ANewProcessKeepsTheGeneration) {
  SavedPages(folder_).purge();
  const fs::path before = generation();
  const SavedPages again(folder_);
  EXPECT_EQ(generation(), before);
}

TEST_F(SavedPagesTest, ABrokenLinkIsReplaced) {
  fs::create_directories(folder_);
  for (const char* target : {"gone", "/"}) {
    fs::remove(folder_ / "current");
    fs::create_symlink(target, folder_ / "current");
    const SavedPages pages(folder_);
    EXPECT_EQ(generation().parent_path(), folder_) << target;
  }
}

TEST_F(SavedPagesTest, PurgeFailsWithoutAFolder) {
  SavedPages pages("/proc/none");
  EXPECT_THROW(pages.purge(), std::runtime_error);
}

TEST(TooFull, RecoversWithTwiceTheSpace) {
  const DiskSpace large{100'000 * kMegabyte, 40 * kMegabyte};
  EXPECT_FALSE(too_full(large, false));
  EXPECT_TRUE(too_full(large, true)) << "not enough to begin again";
  EXPECT_FALSE(too_full({large.total, 64 * kMegabyte}, true));
  EXPECT_TRUE(too_full({large.total, 31 * kMegabyte}, false));
  EXPECT_FALSE(too_full({8 * kMegabyte, kMegabyte}, false)) << "a small disk of its own";
  EXPECT_TRUE(too_full({8 * kMegabyte, kMegabyte / 2}, false));
  EXPECT_TRUE(too_full({8 * kMegabyte, 0}, false));
}

TEST(NginxConfig, HasTheFolderOfTheCache) {
  EXPECT_EQ(read_cache_path("# proxy_cache_path /no;\nlog_format f proxy_cache_path;\nproxy_cache_path /a levels=1:2;"),
            "/a");
  EXPECT_EQ(read_cache_path("proxy_cache_path \"/a b/c\" levels=1:2;"), "/a b/c");
  EXPECT_EQ(read_cache_path("server { }"), "");
}

}  // namespace
}  // namespace ms::monitor
