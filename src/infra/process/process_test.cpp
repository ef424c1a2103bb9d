#include "infra/process/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "infra/process/log.hpp"

// The test program starts itself again as a master (its first argument is "serve"), whose worker is this program once
// more: a server that answers with its pid and closes. Everything is real: processes, signals, sockets.
namespace ms::process {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;
constexpr int kTimeoutMs = 8000;

// ---- the worker; the second argument says how it behaves

int serve(const std::string& how) {
  if (how == "badconfig") return 78;
  if (std::ifstream broken(how + "/broken"); broken) return 3;
  const Worker self = worker();
  Dependencies usable = 0;
  std::ifstream(how + "/usable") >> usable;
  if ((self.expected & ~usable) != 0) return 75;
  static std::atomic<bool> leave = false;
  if (std::ifstream ignores_sigterm(how + "/ignores_sigterm"); ignores_sigterm) {
    ::signal(SIGTERM, SIG_IGN);
  } else {
    struct sigaction action{};
    action.sa_handler = [](int) { leave = true; };
    ::sigaction(SIGTERM, &action, nullptr);
  }
  self.ready(usable);
  const bool sends_heartbeats = std::ifstream(how + "/sends_heartbeats").good();
  while (!leave) {
    if (sends_heartbeats) self.alive(usable);
    pollfd polled{self.listen_fd, POLLIN, 0};
    if (::poll(&polled, 1, 50) <= 0) continue;
    const int peer = ::accept(self.listen_fd, nullptr, nullptr);
    if (peer < 0) continue;
    const std::string text = std::to_string(::getpid());
    static_cast<void>(::write(peer, text.data(), text.size()) > 0);
    ::close(peer);
  }
  std::ofstream(how + "/drained") << ::getpid();
  return 0;
}

// ---- the tests

std::vector<std::string> arguments;

int free_port(sockaddr_in& address, int& holder) {
  holder = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = 0;
  socklen_t size = sizeof address;
  const int on = 1;
  ::setsockopt(holder, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  EXPECT_EQ(::bind(holder, reinterpret_cast<sockaddr*>(&address), size), 0);
  ::getsockname(holder, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

struct Process : testing::Test {
  Process() {
    std::string name = "/tmp/ms-process-XXXXXX";
    folder = ::mkdtemp(name.data());
    int holder = -1;
    port = free_port(address, holder);
    ::close(holder);
    systemd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    notify_path = folder + "/notify";
    notify_path.copy(path.sun_path, sizeof path.sun_path - 1);
    EXPECT_EQ(::bind(systemd, reinterpret_cast<sockaddr*>(&path), sizeof path), 0);
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pm2);
  }

  ~Process() override {
    if (master > 0) {
      ::kill(master, SIGTERM);
      ::waitpid(master, nullptr, 0);
    }
    for (const int fd : {systemd, pm2[0], pm2[1]}) ::close(fd);
    std::error_code ignored;  // an orphaned worker may still write its last file
    std::filesystem::remove_all(folder, ignored);
  }

  void start(const std::string& how, const std::map<std::string, std::string>& more = {}, int listen_fd = -1) {
    std::vector<std::string> words{arguments[0], "serve", how, std::to_string(port)};
    master = ::fork();
    if (master != 0) return;
    ::setenv("NOTIFY_SOCKET", notify_path.c_str(), 1);
    ::setenv("NODE_CHANNEL_FD", std::to_string(pm2[1]).c_str(), 1);
    ::fcntl(pm2[1], F_SETFD, 0);
    for (const auto& [name, value] : more) ::setenv(name.c_str(), value.c_str(), 1);
    if (listen_fd >= 0) {
      ::dup2(listen_fd, 3);
      ::setenv("LISTEN_FDS", "1", 1);
      ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    }
    const int log = ::open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, 2);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(arguments[0].c_str(), argv.data());
    ::_exit(99);
  }

  /// The next datagram to systemd; "" when none came in time.
  std::string next_notification() {
    pollfd polled{systemd, POLLIN, 0};
    if (::poll(&polled, 1, kTimeoutMs) <= 0) return {};
    char text[512];
    return {text, static_cast<std::size_t>(std::max<ssize_t>(::recv(systemd, text, sizeof text, 0), 0))};
  }

  void wait_until_ready() { ASSERT_THAT(next_notification(), StartsWith("READY=1")) << log(); }

  /// The pid that answers; nullopt when the connection was refused or closed without a byte.
  std::optional<pid_t> ask() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::optional<pid_t> pid;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      char text[32]{};
      pollfd polled{fd, POLLIN, 0};
      if (::poll(&polled, 1, kTimeoutMs) > 0 && ::recv(fd, text, sizeof text - 1, 0) > 0) pid = std::atoi(text);
    }
    ::close(fd);
    return pid;
  }

  int exit_code() {
    int status = 0;
    ::waitpid(master, &status, 0);
    master = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string log() const {
    std::ifstream file(folder + "/log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string drained() const {
    std::ifstream file(folder + "/drained");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// The pid of the worker that drained last; waits for one that is still draining.
  std::string wait_until_drained() const {
    const auto until = Clock::now() + std::chrono::milliseconds(kTimeoutMs);
    while (drained().empty() && Clock::now() < until) std::this_thread::sleep_for(5ms);
    return drained();
  }

  /// Sends requests until stop_all(); counts the failed ones.
  struct Clients {
    explicit Clients(const Process& process)
        : thread([this, &process] {
            while (!stop) {
              ++(process.ask() ? answered : failed);
              std::this_thread::sleep_for(1ms);
            }
          }) {}
    void stop_all() {
      stop = true;
      thread.join();
    }
    std::atomic<bool> stop = false;
    std::atomic<int> answered = 0;
    std::atomic<int> failed = 0;
    std::thread thread;
  };

  std::string folder;
  std::string notify_path;
  sockaddr_in address{};
  int port = 0;
  int systemd = -1;
  int pm2[2] = {-1, -1};
  pid_t master = -1;
};

TEST_F(Process, NotifiesSystemdAndPm2WhenItIsReady) {
  start(folder);
  EXPECT_EQ(next_notification(), "READY=1\nMAINPID=" + std::to_string(master));
  char line[64]{};
  pollfd polled{pm2[0], POLLIN, 0};
  ASSERT_EQ(::poll(&polled, 1, kTimeoutMs), 1);
  ASSERT_GT(::recv(pm2[0], line, sizeof line - 1, 0), 0);
  EXPECT_STREQ(line, "\"ready\"\n");
  EXPECT_NE(ask(), master);
}

TEST_F(Process, PingsTheWatchdog) {
  start(folder, {{"WATCHDOG_USEC", "100000"}});
  wait_until_ready();
  EXPECT_EQ(next_notification(), "WATCHDOG=1");
  EXPECT_EQ(next_notification(), "WATCHDOG=1");
}

TEST_F(Process, ReplacesADeadWorkerWithoutRefusingRequests) {
  start(folder);
  wait_until_ready();
  const auto first = ask();
  ASSERT_TRUE(first);
  ::kill(*first, SIGKILL);
  // Requests meanwhile wait in the queue of the socket, which the master keeps open.
  const auto second = ask();
  ASSERT_TRUE(second) << log();
  EXPECT_NE(second, first);
  EXPECT_THAT(log(), HasSubstr("killed by signal 9"));
}

TEST_F(Process, KillsAndReplacesAFrozenWorker) {
  std::ofstream(folder + "/sends_heartbeats") << "x";
  start(folder, {{"FROZEN_SECONDS", "2"}});
  wait_until_ready();
  const auto first = ask();
  ASSERT_TRUE(first);
  ::kill(*first, SIGSTOP);
  const auto second = ask();
  ASSERT_TRUE(second) << log();
  EXPECT_NE(second, first);
  EXPECT_THAT(log(), HasSubstr("has not gone on for 2 s: killed"));
}

TEST_F(Process, SwapsWorkersOnSighupWithoutRefusingRequests) {
  start(folder);
  wait_until_ready();
  const auto first = ask();
  Clients clients(*this);
  for (int i = 0; i < 3; ++i) {
    ::kill(master, SIGHUP);
    EXPECT_THAT(next_notification(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
    EXPECT_THAT(next_notification(), StartsWith("READY=1"));
  }
  clients.stop_all();
  EXPECT_GT(clients.answered, 0);
  EXPECT_EQ(clients.failed, 0);
  EXPECT_NE(ask(), first);
  EXPECT_NE(wait_until_drained(), "");
}

TEST_F(Process, KeepsTheOldWorkerWhenTheNewOneCannotStart) {
  start(folder);
  wait_until_ready();
  const auto first = ask();
  std::ofstream(folder + "/broken") << "x";
  ::kill(master, SIGHUP);
  EXPECT_THAT(next_notification(), StartsWith("RELOADING=1"));
  EXPECT_THAT(next_notification(), StartsWith("READY=1"));
  EXPECT_EQ(ask(), first);
  EXPECT_THAT(log(), HasSubstr("exit code 3; the old one stays"));
}

TEST_F(Process, StartsTheProgramThatIsAtItsPathNow) {
  const std::string program = folder + "/program";
  std::filesystem::copy(arguments[0], program);
  const std::string original = std::exchange(arguments[0], program);
  start(folder);
  arguments[0] = original;
  wait_until_ready();
  std::filesystem::remove(program);
  std::ofstream(program) << "#!/bin/sh\nexit 5\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  ::kill(master, SIGHUP);
  EXPECT_THAT(next_notification(), StartsWith("RELOADING=1"));
  EXPECT_THAT(next_notification(), StartsWith("READY=1"));
  EXPECT_THAT(log(), HasSubstr("exit code 5; the old one stays"));
}

TEST_F(Process, KeepsTheOldWorkerWhenTheNewOneCanUseLess) {
  const auto usable = [this](int parts) { std::ofstream(folder + "/usable") << parts; };
  usable(3);
  start(folder);
  wait_until_ready();
  const auto worker = ask();
  for (const auto& [parts, stays] : {std::pair(1, true), std::pair(2, true), std::pair(7, false)}) {
    usable(parts);
    ::kill(master, SIGHUP);
    EXPECT_THAT(next_notification(), StartsWith("RELOADING=1"));
    EXPECT_THAT(next_notification(), StartsWith("READY=1"));
    auto answers = ask();  // the old worker may still accept a connection before it drains
    for (int i = 0; !stays && answers == worker && i < 1000; ++i) answers = ask();
    EXPECT_EQ(answers == worker, stays) << parts;
  }
  EXPECT_THAT(log(), HasSubstr("exit code 75; the old one stays"));
}

TEST_F(Process, DrainsOnSigterm) {
  start(folder);
  wait_until_ready();
  const auto worker = ask();
  ASSERT_TRUE(worker);
  ::kill(master, SIGTERM);
  EXPECT_EQ(next_notification(), "STOPPING=1");
  EXPECT_EQ(exit_code(), 0);
  EXPECT_EQ(drained(), std::to_string(*worker));
  EXPECT_EQ(ask(), std::nullopt);
}

TEST_F(Process, KillsAWorkerThatDoesNotExit) {
  std::ofstream(folder + "/ignores_sigterm") << "x";
  start(folder);
  wait_until_ready();
  const auto worker = ask();
  ASSERT_TRUE(worker);
  ::kill(master, SIGTERM);
  EXPECT_EQ(exit_code(), 0);
  EXPECT_EQ(::kill(*worker, 0), -1);
  EXPECT_THAT(log(), HasSubstr("did not leave in time: killed"));
}

TEST_F(Process, ExitsWithTheCodeOfAFirstWorkerThatCannotStart) {
  start("badconfig");
  EXPECT_EQ(exit_code(), 78);
  EXPECT_THAT(log(), HasSubstr("could not start: exit code 78"));
}

TEST_F(Process, WorkerDrainsWhenItsMasterDies) {
  start(folder);
  wait_until_ready();
  const auto worker = ask();
  ASSERT_TRUE(worker);
  ::kill(master, SIGKILL);
  exit_code();
  EXPECT_EQ(wait_until_drained(), std::to_string(*worker));
}

TEST_F(Process, LogsWhyItCannotListen) {
  int holder = -1;
  port = free_port(address, holder);
  ::listen(holder, 1);
  start(folder);
  EXPECT_EQ(exit_code(), 1);
  EXPECT_THAT(log(), HasSubstr("Address already in use: stop the program that uses it or choose another port"));
  EXPECT_EQ(std::ranges::count(log(), '\n'), 1);
  ::close(holder);
}

TEST_F(Process, UsesTheSocketOfSystemdAndLeavesItListening) {
  int socket = -1;
  port = free_port(address, socket);
  ::listen(socket, 16);
  start(folder, {}, socket);
  wait_until_ready();
  EXPECT_TRUE(ask());
  ::kill(master, SIGTERM);
  EXPECT_EQ(exit_code(), 0);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  ::close(socket);
}

}  // namespace
}  // namespace ms::process

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() == 4 && words[1] == "serve") {
    if (ms::process::is_worker()) return ms::process::serve(words[2]);
    ms::process::start_log("test-master", "info", false);
    return ms::process::run_master({.name = "test-master",
                                    .address = "127.0.0.1",
                                    .port = std::stoi(words[3]),
                                    .arguments = words,
                                    .stop_seconds = 1,
                                    .frozen_seconds = std::getenv("FROZEN_SECONDS") ? 2 : 20});
  }
  ms::process::arguments = {std::filesystem::read_symlink("/proc/self/exe").string()};
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
