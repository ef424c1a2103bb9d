#include "infra/sandbox/run.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <filesystem>
#include <optional>

#include "infra/io/sleep.hpp"

namespace ms::sandbox {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

#if __has_feature(address_sanitizer)
constexpr bool kLimitsMemory = false;
#else
constexpr bool kLimitsMemory = true;
#endif

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    input.reset(::memfd_create("input", MFD_CLOEXEC));
    ASSERT_EQ(::write(input.get(), "hello", 5), 5);
    ::lseek(input.get(), 0, SEEK_SET);
  }

  /// What becomes of a process that does this.
  CompletedProcess run(const std::string& deed, std::chrono::milliseconds wall = 20s,
                       std::string program = MINSCHOOL_MISBEHAVE) {
    std::optional<CompletedProcess> out;
    std::exception_ptr thrown;
    asio::io_context io;
    asio::co_spawn(io, start(std::move(program), deed, wall), [&](std::exception_ptr error, CompletedProcess result) {
      thrown = error;
      if (!error) out.emplace(std::move(result));
    });
    io.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*out);
  }
  async<CompletedProcess> start(std::string program, std::string deed, std::chrono::milliseconds wall) {
    const Call call(steady_clock::now() + 60s, "test");
    co_return co_await sandbox::run(call, std::move(program), {deed}, input, {.wall = wall});
  }

  File input;
};

TEST_F(RunTest, APeacefulProgramGivesItsOutput) {
  const CompletedProcess done = run("copy");
  EXPECT_EQ(done.end, End::exited);
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.output.bytes(), "hello");
  EXPECT_EQ(done.message, "copied\n");
}

TEST_F(RunTest, TimeIsLimited) {
  EXPECT_EQ(run("loop").end, End::out_of_time);
  const auto begin = steady_clock::now();
  EXPECT_EQ(run("sleep", 300ms).end, End::out_of_time);
  EXPECT_LT(steady_clock::now() - begin, 3s);
  EXPECT_EQ(run("ignore-and-loop").status, SIGKILL);
}

TEST_F(RunTest, MemoryAndOutputAreLimited) {
  if (kLimitsMemory) EXPECT_EQ(run("memory").end, End::crashed);
  const CompletedProcess output = run("output");
  EXPECT_EQ(output.end, End::too_much_output);
  EXPECT_LE(output.output.bytes().size(), 8U << 20);
  const CompletedProcess messages = run("messages");
  EXPECT_EQ(messages.end, End::too_much_output);
  EXPECT_EQ(messages.message.size(), 500U);
}

TEST_F(RunTest, WhatOnlyAnAttackDoesEndsIt) {
  for (const char* deed : {"fork", "exec", "network", "unix-socket"}) {
    EXPECT_EQ(run(deed).end, End::forbidden_call) << deed;
  }
  EXPECT_EQ(run("crash").end, End::crashed);
}

TEST_F(RunTest, NothingElseIsReachable) {
  for (const char* deed : {"code", "kill-parent", "write-input", "trace"}) {
    const CompletedProcess done = run(deed);
    EXPECT_EQ(done.end, End::exited) << deed;
    EXPECT_EQ(done.status, EPERM) << deed;
  }
  EXPECT_EQ(run("write-file").status, EPERM);
  EXPECT_FALSE(std::filesystem::exists("/tmp/misbehave"));
  // Where the kernel, or a container, has no Landlock, no file can be opened at all.
  const bool landlock = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
  EXPECT_EQ(run("read-passwords").status, landlock ? EACCES : EPERM);
  EXPECT_EQ(run("read-fonts").status, landlock ? 0 : EPERM);
  EXPECT_EQ(run("other-files").status, EBADF);
}

async<void> tick_until(const bool* ended, int* ticks) {
  while (!*ended) {
    co_await sleep_for(10ms);
    ++*ticks;
  }
}

TEST_F(RunTest, TheEventLoopGoesOnMeanwhile) {
  asio::io_context io;
  int ticks = 0;
  bool ended = false;
  asio::co_spawn(io, start(MINSCHOOL_MISBEHAVE, "sleep", 500ms),
                 [&](std::exception_ptr, CompletedProcess) { ended = true; });
  asio::co_spawn(io, tick_until(&ended, &ticks), asio::detached);
  io.run();
  EXPECT_GT(ticks, 1);
}

TEST_F(RunTest, AnAbandonedProcessIsKilled) {
  const auto begin = steady_clock::now();
  {
    asio::io_context io;
    asio::co_spawn(io, start(MINSCHOOL_MISBEHAVE, "sleep", 1h), asio::detached);
    io.run_for(100ms);
  }
  EXPECT_LT(steady_clock::now() - begin, 5s);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST_F(RunTest, AMissingProgramIsAFaultOfTheMachine) {
  EXPECT_THROW(run("copy", 1s, "/nonexistent/decoder"), std::system_error);
}

}  // namespace
}  // namespace ms::sandbox
