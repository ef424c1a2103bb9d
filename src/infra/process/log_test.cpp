#include "infra/process/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace ms::process {
namespace {

std::string line(bool journal, spdlog::level::level_enum level) {
  spdlog::memory_buf_t out;
  log_formatter(journal)->format(spdlog::details::log_msg("name", level, "what happened"), out);
  return fmt::to_string(out);
}

TEST(Log, GivesTheJournalOnlyThePriorityOfALine) {
  const std::array<std::pair<spdlog::level::level_enum, std::string>, 6> priorities{{{spdlog::level::trace, "7"},
                                                                                     {spdlog::level::debug, "7"},
                                                                                     {spdlog::level::info, "6"},
                                                                                     {spdlog::level::warn, "4"},
                                                                                     {spdlog::level::err, "3"},
                                                                                     {spdlog::level::critical, "2"}}};
  for (const auto& [level, priority] : priorities) EXPECT_EQ(line(true, level), "<" + priority + ">what happened\n");
}

TEST(Log, WritesTimeAndLevelOutsideTheJournal) {
  const std::string text = line(false, spdlog::level::warn);
  ASSERT_TRUE(text.ends_with(" warning what happened\n") || text.ends_with(" warn what happened\n")) << text;
  EXPECT_EQ(text.substr(0, 2), "20");
  EXPECT_EQ(text[10], 'T');
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

/// Logs a line `after` some seconds.
void log_line(spdlog::sinks::sink& to, int after, spdlog::level::level_enum level, std::string_view text) {
  static const auto begun = spdlog::log_clock::now();
  to.log(spdlog::details::log_msg(begun + std::chrono::seconds(after), {}, "name", level, {text.data(), text.size()}));
}

TEST(Log, CountsRepeatedLines) {
  std::ostringstream out;
  const auto inner = std::make_shared<spdlog::sinks::ostream_sink_st>(out);
  const auto sink = count_repeats(inner);
  sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::local, "\n"));
  using enum spdlog::level::level_enum;
  for (int i = 0; i < 100; ++i) log_line(*sink, 0, err, "too many open files");
  for (int i = 0; i < 50; ++i) log_line(*sink, 1, warn, "another");
  log_line(*sink, 2, info, "request");
  log_line(*sink, 2, info, "request");
  EXPECT_EQ(out.str(), "too many open files\nanother\nrequest\nrequest\n");
  out.str("");
  log_line(*sink, 20, info, "request");
  EXPECT_EQ(out.str(), "too many open files (repeated 99 times)\nanother (repeated 49 times)\nrequest\n");
  out.str("");
  log_line(*sink, 21, err, "too many open files");
  log_line(*sink, 22, err, "too many open files");
  log_line(*sink, 40, err, "too many open files");
  EXPECT_EQ(out.str(), "too many open files\ntoo many open files (repeated 1 time)\ntoo many open files\n");
}

TEST(Log, KeepsABoundedNumberOfLines) {
  std::ostringstream out;
  const auto sink = count_repeats(std::make_shared<spdlog::sinks::ostream_sink_st>(out));
  for (int i = 0; i < 1000; ++i) log_line(*sink, 0, spdlog::level::err, fmt::format("line {}", i));
  EXPECT_EQ(std::ranges::count(out.str(), '\n'), 1000);
}

}  // namespace
}  // namespace ms::process
