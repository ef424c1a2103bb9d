#include "infra/process/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace ms::process {
namespace {

std::string line(bool journal, spdlog::level::level_enum level) {
  spdlog::memory_buf_t out;
  log_formatter(journal)->format(spdlog::details::log_msg("name", level, "what happened"), out);
  return fmt::to_string(out);
}

TEST(Log, TellsTheJournalThePriorityOfALineAndNothingThatItKnows) {
  const std::array<std::pair<spdlog::level::level_enum, std::string>, 6> priorities{{{spdlog::level::trace, "7"},
                                                                                     {spdlog::level::debug, "7"},
                                                                                     {spdlog::level::info, "6"},
                                                                                     {spdlog::level::warn, "4"},
                                                                                     {spdlog::level::err, "3"},
                                                                                     {spdlog::level::critical, "2"}}};
  for (const auto& [level, priority] : priorities) EXPECT_EQ(line(true, level), "<" + priority + ">what happened\n");
}

TEST(Log, SaysTimeAndLevelElsewhere) {
  const std::string said = line(false, spdlog::level::warn);
  ASSERT_TRUE(said.ends_with(" warning what happened\n") || said.ends_with(" warn what happened\n")) << said;
  EXPECT_EQ(said.substr(0, 2), "20");
  EXPECT_EQ(said[10], 'T');
}

TEST(Log, IsTheJournalOnlyWhileStandardErrorIsTheStreamThatSystemdNamed) {
  struct stat found{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &found), 0);
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(log_is_journal());
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", found.st_dev, found.st_ino).c_str(), 1);
  EXPECT_TRUE(log_is_journal());
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", found.st_dev, found.st_ino + 1).c_str(), 1);
  EXPECT_FALSE(log_is_journal());
  ::setenv("JOURNAL_STREAM", "", 1);
  EXPECT_FALSE(log_is_journal());
  ::unsetenv("JOURNAL_STREAM");
}

}  // namespace
}  // namespace ms::process
