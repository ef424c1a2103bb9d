#include "infra/process/startup_pages.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace ms::process {
namespace {

/// KB of file-backed memory of this process.
long file_backed_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  }
  return -1;
}

TEST(StartupPages, AreReleasedAndComeBackWhenNeeded) {
  const long before = file_backed_kb();
  release_startup_pages();
  const long after = file_backed_kb();
  ASSERT_GT(after, 0);
  EXPECT_LT(after, before * 3 / 4);
  // Code of several libraries and written data are as before.
  EXPECT_EQ(std::to_string(1.5), "1.500000");
  EXPECT_THROW(static_cast<void>(std::stoi("x")), std::invalid_argument);
  release_startup_pages();
}

}  // namespace
}  // namespace ms::process
