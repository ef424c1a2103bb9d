#include "infra/process/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace ms::process {
namespace {

constexpr int kCannotExecute = 127;  // the exit code that shells use

std::vector<std::string> worker_environment(int listen_fd, int ready_fd, Dependencies expected) {
  constexpr std::array<std::string_view, 8> kMasterOnly{
      "MINSCHOOL_WORKER=", "LISTEN_PID=",    "LISTEN_FDS=",   "LISTEN_FDNAMES=",
      "NOTIFY_SOCKET=",    "WATCHDOG_USEC=", "WATCHDOG_PID=", "NODE_CHANNEL_FD="};
  std::vector<std::string> entries;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const bool own = std::ranges::any_of(kMasterOnly, [text](std::string_view name) { return text.starts_with(name); });
    if (!own) entries.emplace_back(text);
  }
  entries.push_back(fmt::format("MINSCHOOL_WORKER={},{},{}", listen_fd, ready_fd, expected));
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

void check(bool fine, const char* what) {
  if (!fine) throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

std::string program_path(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments[0].contains('/')) return std::filesystem::absolute(arguments[0]).string();
  // Found through PATH. The kernel adds this suffix when the file was replaced after the start.
  constexpr std::string_view kDeleted = " (deleted)";
  std::string path = std::filesystem::read_symlink("/proc/self/exe").string();
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

Child spawn(const std::string& path, const std::vector<std::string>& arguments, int listen_fd, Dependencies expected) {
  std::array<int, 2> pipe{};
  check(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) == 0, "pipe");
  // All memory is allocated before fork: between fork and exec the child only makes system calls.
  std::vector<std::string> words = arguments;
  if (words.empty()) words.push_back(path);
  std::vector<std::string> entries = worker_environment(listen_fd, pipe[1], expected);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(entries);
  const pid_t master = ::getpid();

  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != master) ::_exit(0);  // the master died before prctl, so no signal would ever come
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::fcntl(listen_fd, F_SETFD, 0);
    ::fcntl(pipe[1], F_SETFD, 0);
    ::execve(path.c_str(), argv.data(), envp.data());
    ::_exit(kCannotExecute);
  }
  const int error = errno;
  ::close(pipe[1]);
  if (pid < 0) {
    ::close(pipe[0]);
    throw std::system_error(error, std::system_category(), "fork");
  }
  return {.pid = pid, .ready_pipe = pipe[0], .started_at = Clock::now()};
}

}  // namespace ms::process
