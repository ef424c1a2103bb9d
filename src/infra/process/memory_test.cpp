#include "infra/process/memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace ms::process {
namespace {

namespace fs = std::filesystem;

class UsableMemoryTest : public testing::Test {
 protected:
  UsableMemoryTest() { put("proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n"); }
  ~UsableMemoryTest() override { fs::remove_all(root_); }

  void put(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  const fs::path root_ = "/tmp/minschool-memory-" + std::to_string(::getpid());
};

TEST_F(UsableMemoryTest, IsTheMachinesWithoutALimit) {
  EXPECT_EQ(usable_memory(root_), 2048U * 1024);
  put("proc/self/cgroup", "4:memory:/a\n0::/a\n");
  put("sys/fs/cgroup/a/memory.max", "max\n");
  put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(usable_memory(root_), 2048U * 1024);
}

TEST_F(UsableMemoryTest, IsTheLowestLimitOfAGroupAndThoseAbove) {
  put("proc/self/cgroup", "0::/system.slice/thing.service\n");
  put("sys/fs/cgroup/system.slice/memory.max", "1000000\n");
  EXPECT_EQ(usable_memory(root_), 1'000'000U);
  put("sys/fs/cgroup/system.slice/thing.service/memory.max", "700000\n");
  EXPECT_EQ(usable_memory(root_), 700'000U);
}

TEST_F(UsableMemoryTest, ReadsGroupsOfVersion1) {
  put("proc/self/cgroup", "9:cpu:/b\n4:memory:/docker/1\n0::/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "500000\n");  // a container's own, as its root
  EXPECT_EQ(usable_memory(root_), 500'000U);
}

TEST_F(UsableMemoryTest, IsNothingWhereItCannotBeRead) { EXPECT_EQ(usable_memory(root_ / "none"), 0U); }

}  // namespace
}  // namespace ms::process
