#pragma once
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "infra/redis/client.hpp"

// For tests: Redis servers that may be killed, stopped and filled up, and a way to run a coroutine to its end.
namespace ms::redis {

/// A redis-server child on a unix socket in a directory of its own; ends with the object. Stores nothing on disk.
class PrivateRedis {
 public:
  PrivateRedis() {
    char pattern[] = "/tmp/msredis.XXXXXX";
    directory_ = ::mkdtemp(pattern);
    start();
  }
  ~PrivateRedis() {
    kill();
    std::filesystem::remove_all(directory_);
  }
  PrivateRedis(const PrivateRedis&) = delete;
  PrivateRedis& operator=(const PrivateRedis&) = delete;

  /// Does not wait; Client::ready does.
  void start() {
    const std::string socket = path();
    child_ = ::fork();
    if (child_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a crashed test leaves no server behind
    ::execl("/usr/bin/redis-server", "redis-server", "--port", "0", "--unixsocket", socket.c_str(), "--save", "",
            "--appendonly", "no", "--logfile", "/dev/null", "--dir", directory_.c_str(), nullptr);
    ::_exit(127);
  }
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
    std::filesystem::remove(path());
  }
  void freeze() const { ::kill(child_, SIGSTOP); }
  void thaw() const { ::kill(child_, SIGCONT); }
  std::string path() const { return directory_ + "/redis.sock"; }
  /// Reconnects fast enough for tests.
  Config config() const { return Config{.host = path(), .probe_every = std::chrono::milliseconds(20)}; }

 private:
  std::string directory_;
  pid_t child_ = 0;
};

/// The Redis of script/test, shared by all tests of a run: keys must be the test's own.
inline Config shared_redis() {
  const char* path = ::getenv("MINSCHOOL_TEST_REDIS");
  if (path == nullptr) throw std::runtime_error("MINSCHOOL_TEST_REDIS is not set: run the tests with script/test");
  // A busy test machine must not count as an outage.
  const char* password = ::getenv("MINSCHOOL_TEST_REDIS_PASSWORD");
  return Config{.host = path, .password = password == nullptr ? "" : password, .deadline = std::chrono::seconds(2)};
}

/// Runs the loop until the coroutine is done and gives its result or throws its exception.
template <class T>
T run(asio::io_context& io, async<T> work) {
  std::optional<T> result;
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(io.get_executor(), std::move(work), [&](std::exception_ptr thrown, T value) {
    failure = thrown;
    if (!thrown) result = std::move(value);
    done = true;
  });
  io.restart();
  while (!done && io.run_one() > 0) {}
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

inline void run(asio::io_context& io, async<> work) {
  std::exception_ptr failure;
  bool done = false;
  asio::co_spawn(io.get_executor(), std::move(work), [&](std::exception_ptr thrown) {
    failure = thrown;
    done = true;
  });
  io.restart();
  while (!done && io.run_one() > 0) {}
  if (failure) std::rethrow_exception(failure);
}

inline Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// A call with plenty of time.
inline Call test_call() { return Call(in(std::chrono::seconds(10)), "test"); }

inline async<std::optional<Reply>> execute(Client& client, Command command,
                                           Deadline deadline = in(std::chrono::seconds(10))) {
  const Call call(deadline, "test");
  auto reply = co_await client.execute(call, std::move(command));
  co_return reply;
}

}  // namespace ms::redis
