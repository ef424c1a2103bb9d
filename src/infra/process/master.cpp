#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "infra/process/child.hpp"
#include "infra/process/notify.hpp"
#include "infra/process/process.hpp"
#include "infra/process/socket.hpp"
#include "infra/process/startup_pages.hpp"

// The master is one loop around poll(): signals arrive through a signalfd, readiness through a pipe per worker, and
// time through poll's timeout. No handler ever interrupts anything, so the state below needs no lock.
//   current_   serves requests (or is starting); empty while its successor waits for the back-off
//   next_      started by SIGHUP, not ready yet
//   leaving_   got SIGTERM; gets SIGKILL at killed_at
namespace ms::process {
namespace {

using namespace std::chrono_literals;

constexpr auto kReadyTimeout = 10s;         // a new version that is not ready by then is stopped
constexpr auto kHeartbeatCheckPeriod = 1s;  // between two checks of the worker's heartbeats
constexpr auto kMinUptime = 5s;  // a worker that dies sooner has a fault that an instant restart will not cure
constexpr auto kFirstBackoff = 100ms;
constexpr auto kMaxBackoff = 5000ms;
constexpr int kSignalBase = 128;  // a shell's exit code for a signal

std::string describe_exit(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

int exit_code(int status) { return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status); }

class Master {
 public:
  explicit Master(const Options& options) : options_(options), path_(program_path(options.arguments)) {}

  int run();

 private:
  void open_signals();
  std::optional<Child> start_child();
  void start_current();
  void wait_for_event();
  void handle_signals();
  void reload();
  void stop();
  void reap();
  void on_exit(pid_t pid, int status);
  void on_current_exit(const Child& child, int status);
  void on_ready(Child& child);
  void promote_next();
  void finish_reload();
  void terminate(Child child);
  void check_timers();
  void check_heartbeat();
  Clock::time_point next_timer() const;
  bool finished() const { return exit_now_ || (stopping_ && !current_ && !next_ && leaving_.empty()); }

  const Options& options_;
  std::string path_;
  Notify notify_;
  ListenSocket listen_;
  int signals_ = -1;
  std::optional<Child> current_;
  std::optional<Child> next_;
  std::vector<Child> leaving_;
  std::optional<Clock::time_point> restart_at_;
  Clock::duration backoff_ = kFirstBackoff;
  Clock::time_point alive_at_ = Clock::time_point::max();
  Clock::time_point heartbeat_check_at_ = Clock::time_point::max();  // the next check of current_'s heartbeats
  bool was_ready_ = false;     // some worker was ready: from now on the master stays
  bool reload_again_ = false;  // SIGHUP came during a reload
  bool stopping_ = false;
  bool exit_now_ = false;
  int code_ = 0;
};

int Master::run() {
  ::prctl(PR_SET_NAME, options_.name.c_str());
  try {
    listen_ = listen_socket(options_.address, options_.port);
    open_signals();
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return 1;
  }
  start_current();
  while (!finished()) {
    wait_for_event();
    check_timers();
  }
  if (stopping_) spdlog::info("stopped");
  ::close(signals_);
  ::close(listen_.fd);
  return code_;
}

void Master::open_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) throw std::system_error(errno, std::system_category(), "signalfd");
}

std::optional<Child> Master::start_child() {
  try {
    // A worker that replaces another must be able to use as much: a mistake in a file must not cost visitors anything.
    return spawn(path_, options_.arguments, listen_.fd, current_ && current_->ready ? current_->usable : 0);
  } catch (const std::exception& error) {
    spdlog::error("cannot start a worker: {}", error.what());
    return std::nullopt;
  }
}

void Master::start_current() {
  restart_at_.reset();
  current_ = start_child();
  if (current_) {
    spdlog::info("worker {} started", current_->pid);
  } else {
    restart_at_ = Clock::now() + kMaxBackoff;
  }
}

void Master::wait_for_event() {
  std::vector<pollfd> polled{{signals_, POLLIN, 0}};
  for (const auto* child : {&current_, &next_}) {
    if (*child && (*child)->ready_pipe >= 0) polled.push_back({(*child)->ready_pipe, POLLIN, 0});
  }
  const auto timer = next_timer();
  int timeout = -1;
  if (timer != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timer - Clock::now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
  }
  if (::poll(polled.data(), polled.size(), timeout) <= 0) return;
  // Readiness is read first: a worker that was ready and died at once counts as ready.
  for (auto* child : {&current_, &next_}) {
    if (!*child || (*child)->ready_pipe < 0) continue;
    const int fd = (*child)->ready_pipe;
    const auto found = std::ranges::find(polled, fd, &pollfd::fd);
    if (found == polled.end() || found->revents == 0) continue;
    std::array<char, 64> bytes{};
    const ssize_t count = ::read(fd, bytes.data(), bytes.size());
    if (count <= 0) ::close(std::exchange((*child)->ready_pipe, -1));
    if (count > 0) (*child)->usable = usable_of(bytes[static_cast<std::size_t>(count) - 1]);
    const bool first = count > 0 && !(*child)->ready;
    if (count > (first ? 1 : 0)) (*child)->silent_seconds = 0;
    if (first) on_ready(**child);
  }
  handle_signals();
}

void Master::handle_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info) {
    switch (info.ssi_signo) {
      case SIGHUP:
        reload();
        break;
      case SIGCHLD:
        reap();
        break;
      default:
        stop();
    }
  }
}

void Master::reload() {
  if (stopping_) return;
  if (next_) {
    reload_again_ = true;
    return;
  }
  spdlog::info("SIGHUP: starting a new worker from {}", path_);
  notify_.reloading();
  if (!current_) {
    backoff_ = kFirstBackoff;
    start_current();
    return;
  }
  next_ = start_child();
  if (!next_) finish_reload();
}

void Master::stop() {
  if (stopping_) return;
  stopping_ = true;
  spdlog::info("stopping: the worker finishes what it has begun, at most {} s", options_.stop_seconds);
  notify_.stopping();
  restart_at_.reset();
  // Connections are refused from now on, so that the load balancer goes elsewhere at once; the worker still takes those
  // that are in its queue. systemd's socket belongs to systemd and goes on.
  if (!listen_.inherited) ::shutdown(listen_.fd, SHUT_RD);
  for (auto* child : {&current_, &next_}) {
    if (*child) terminate(*std::exchange(*child, std::nullopt));
  }
}

void Master::terminate(Child child) {
  if (child.ready_pipe >= 0) ::close(std::exchange(child.ready_pipe, -1));
  ::kill(child.pid, SIGTERM);
  child.killed_at = Clock::now() + std::chrono::seconds(options_.stop_seconds);
  leaving_.push_back(child);
}

void Master::on_ready(Child& child) {
  child.ready = true;
  if (!std::exchange(was_ready_, true)) release_startup_pages();  // from now on the master only waits
  spdlog::info("worker {} is ready after {} ms", child.pid,
               std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - child.started_at).count());
  if (next_ && &child == &*next_) {
    promote_next();
  } else {
    finish_reload();
  }
  if (heartbeat_check_at_ == Clock::time_point::max()) heartbeat_check_at_ = Clock::now() + kHeartbeatCheckPeriod;
  if (const auto every = notify_.alive_every(); every && alive_at_ == Clock::time_point::max()) {
    alive_at_ = Clock::now() + *every;
  }
}

void Master::promote_next() {
  if (current_) {
    spdlog::info("worker {} takes over from worker {}", next_->pid, current_->pid);
    terminate(*current_);
  }
  current_ = std::exchange(next_, std::nullopt);
  finish_reload();
}

void Master::finish_reload() {
  if (current_ && current_->ready) notify_.ready();
  if (std::exchange(reload_again_, false)) reload();
}

void Master::reap() {
  int status = 0;
  for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0; pid = ::waitpid(-1, &status, WNOHANG))
    on_exit(pid, status);
}

void Master::on_exit(pid_t pid, int status) {
  if (current_ && current_->pid == pid) {
    on_current_exit(*std::exchange(current_, std::nullopt), status);
  } else if (next_ && next_->pid == pid) {
    if (next_->ready_pipe >= 0) ::close(next_->ready_pipe);
    next_.reset();
    spdlog::error("new worker {} ended before it was ready: {}; the old one stays", pid, describe_exit(status));
    finish_reload();
  } else if (const auto left = std::ranges::find(leaving_, pid, &Child::pid); left != leaving_.end()) {
    spdlog::info("worker {} has left: {}", pid, describe_exit(status));
    leaving_.erase(left);
  }
}

void Master::on_current_exit(const Child& child, int status) {
  // The worker's last byte may still be in the pipe when its death is reported first.
  char byte = 0;
  if (child.ready_pipe >= 0) {
    if (::read(child.ready_pipe, &byte, 1) == 1) was_ready_ = true;
    ::close(child.ready_pipe);
  }
  if (!was_ready_) {
    spdlog::error("the first worker could not start: {}", describe_exit(status));
    exit_now_ = true;
    code_ = exit_code(status);
    return;
  }
  spdlog::error("worker {} died: {}", child.pid, describe_exit(status));
  if (next_) {
    current_ = std::exchange(next_, std::nullopt);
    return;
  }
  if (Clock::now() - child.started_at >= kMinUptime) {
    backoff_ = kFirstBackoff;
    start_current();
    return;
  }
  restart_at_ = Clock::now() + backoff_;
  backoff_ = std::min<Clock::duration>(backoff_ * 2, kMaxBackoff);
}

void Master::check_timers() {
  const auto now = Clock::now();
  if (next_ && now - next_->started_at >= kReadyTimeout) {
    spdlog::error("new worker {} was not ready in {} s; the old one stays", next_->pid, kReadyTimeout.count());
    terminate(*std::exchange(next_, std::nullopt));
    finish_reload();
  }
  for (Child& child : leaving_) {
    if (now < child.killed_at) continue;
    spdlog::error("worker {} did not leave in time: killed", child.pid);
    ::kill(child.pid, SIGKILL);
    child.killed_at = Clock::time_point::max();
  }
  if (restart_at_ && now >= *restart_at_) start_current();
  if (now >= heartbeat_check_at_) check_heartbeat();
  if (now >= alive_at_) {
    if (current_ && current_->ready) notify_.alive();
    alive_at_ = now + *notify_.alive_every();
  }
}

// Seconds are counted, not taken from the clock: when the whole machine stood still, the worker is not to blame.
void Master::check_heartbeat() {
  heartbeat_check_at_ = Clock::now() + kHeartbeatCheckPeriod;
  if (!current_ || current_->silent_seconds < 0) return;
  ++current_->silent_seconds;
  if (current_->silent_seconds <= options_.frozen_seconds) return;
  spdlog::error("worker {} has not gone on for {} s: killed", current_->pid, options_.frozen_seconds);
  ::kill(current_->pid, SIGKILL);
  current_->silent_seconds = -1;
}

Clock::time_point Master::next_timer() const {
  auto first = std::min(alive_at_, heartbeat_check_at_);
  if (next_) first = std::min(first, next_->started_at + kReadyTimeout);
  if (restart_at_) first = std::min(first, *restart_at_);
  for (const Child& child : leaving_) first = std::min(first, child.killed_at);
  return first;
}

}  // namespace

int run_master(const Options& options) { return Master(options).run(); }

}  // namespace ms::process
