#include "infra/process/startup_pages.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace ms::process {
namespace {

/// KB of files that this process has in memory.
long from_files() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  }
  return -1;
}

TEST(StartPages, AreGivenBackAndComeAgainWhenTheyAreNeeded) {
  const long before = from_files();
  release_startup_pages();
  const long after = from_files();
  ASSERT_GT(after, 0);
  EXPECT_LT(after, before * 3 / 4);
  // Code of several libraries, and what was written before: all as it was.
  EXPECT_EQ(std::to_string(1.5), "1.500000");
  EXPECT_THROW(static_cast<void>(std::stoi("x")), std::invalid_argument);
  release_startup_pages();
}

}  // namespace
}  // namespace ms::process
