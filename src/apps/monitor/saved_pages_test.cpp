#include "apps/monitor/saved_pages.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fstream>
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
  void purge(SavedPages& pages, const char* query = "") {
    auto done = asio::co_spawn(io_, pages.purge(PurgeScope::parse(query)), asio::use_future);
    io_.restart();
    io_.run();
    done.get();
  }
  void save(const char* name, const char* page) const {
    fs::create_directories(cache_);
    std::ofstream(cache_ / name) << page;
  }

  const fs::path folder_ = "/tmp/minschool-saved-pages-" + std::to_string(::getpid());
  const fs::path cache_ = folder_ / "cache";
  std::optional<std::string> cache_path_ = cache_;
  asio::io_context io_;
  SavedPages pages_{folder_, [this] { return cache_path_; }, [] { return true; }};
};

TEST_F(SavedPagesTest, EachPurgeMakesANewGeneration) {
  std::set<fs::path> generations{generation()};
  for (int i = 0; i < 5; ++i) {
    purge(pages_, "post=1");
    EXPECT_TRUE(generations.insert(generation()).second);
  }
  EXPECT_EQ(pages_.purges(), 5U);
  // Nginx may still use the previous one; all others are gone.
  EXPECT_LE(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 3);
}

TEST_F(SavedPagesTest, ANewProcessKeepsTheGeneration) {
  purge(pages_);
  const fs::path before = generation();
  const SavedPages again(folder_, [] { return ""; }, [] { return true; });
  EXPECT_EQ(generation(), before);
}

TEST_F(SavedPagesTest, ABrokenLinkIsReplaced) {
  fs::create_directories(folder_);
  for (const char* target : {"gone", "/"}) {
    fs::remove(folder_ / "current");
    fs::create_symlink(target, folder_ / "current");
    const SavedPages pages(folder_, [] { return ""; }, [] { return true; });
    EXPECT_EQ(generation().parent_path(), folder_) << target;
  }
}

TEST_F(SavedPagesTest, PurgeFailsWithoutAFolder) {
  SavedPages pages("/proc/none", [] { return ""; }, [] { return true; });
  EXPECT_THROW(purge(pages), std::runtime_error);
}

TEST_F(SavedPagesTest, PurgesThePagesOfItsScope) {
  save("a", "........KEY: /boards/free/1");
  save("b", "........KEY: /boards/free/2");
  purge(pages_, "post=2");
  EXPECT_EQ(pages_.purged_pages(), 1U);
  purge(pages_);
  EXPECT_EQ(pages_.purged_pages(), 3U);
}

TEST_F(SavedPagesTest, PurgesOfOneMomentAreDoneTogether) {
  save("a", "........KEY: /boards/free/1");
  save("b", "........KEY: /boards/free/2");
  std::vector<std::future<void>> done;
  for (const char* query : {"post=1", "post=2", "post=3"}) {
    done.push_back(asio::co_spawn(io_, pages_.purge(PurgeScope::parse(query)), asio::use_future));
  }
  io_.run();
  for (auto& each : done) each.get();
  EXPECT_EQ(pages_.purges(), 3U);
  EXPECT_EQ(pages_.purged_pages(), 2U);
}

TEST_F(SavedPagesTest, PurgeFailsUntilTheFolderOfTheCacheIsKnown) {
  cache_path_ = std::nullopt;
  EXPECT_THROW(purge(pages_), std::runtime_error);
  cache_path_ = "";  // Nginx saves nothing
  purge(pages_);
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
