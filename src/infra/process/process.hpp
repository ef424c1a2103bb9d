#pragma once
#include <functional>
#include <string>
#include <vector>

// Master and worker. The master is small and blocking: it owns the listening socket, keeps one worker, and never
// serves.
//   - worker dies                -> a new one at once (with back-off when it dies young, 100 ms doubling to 5 s)
//   - worker says nothing more   -> SIGKILL after `frozen_seconds` without Worker::alive(), and a new one
//   - SIGHUP                     -> a new worker from the program file (possibly a new version) on the same socket;
//                                   when it says it is ready the old one gets SIGTERM and drains. Not ready in 10 s, or
//                                   it dies first: the old one stays and the log says why. It is told what the old one
//                                   can use, and must not become ready with less.
//   - SIGTERM, SIGINT            -> worker drains, master leaves when it is gone, at the latest after `stop_seconds`
//   - first worker cannot start  -> master leaves with the worker's exit code (78 EX_CONFIG for a bad config)
//   - master dies                -> the kernel sends the worker SIGTERM (PR_SET_PDEATHSIG): it drains and leaves
// The socket comes from systemd when LISTEN_FDS is set (sd_listen_fds(3)), else the master binds address:port itself.
// Readiness goes to systemd (NOTIFY_SOCKET, sd_notify(3): READY=1, RELOADING=1, STOPPING=1, MAINPID) and to PM2
// (wait_ready: the JSON string "ready" on NODE_CHANNEL_FD).
namespace ms::process {

struct Options {
  std::string name;     ///< "minschool-site", for the log and the process title
  std::string address;  ///< numeric IPv4 or IPv6
  int port = 0;
  std::vector<std::string> arguments;  ///< argv as main got it; the worker is exec'ed with the same
  int stop_seconds = 15;
  /// Much longer than a busy machine keeps a loop waiting: who is killed by mistake fails its requests.
  int frozen_seconds = 20;
};

/// The parts that a worker can use, a bit for each; what they mean only the program knows.
using Parts = unsigned;
inline constexpr Parts kMaxParts = 0xF;

/// What the worker gets.
struct Worker {
  int listen_fd = -1;
  /// What the worker that this one replaces on SIGHUP can use; 0 without one.
  Parts expected = 0;
  /// Call once when pages can be answered.
  std::function<void(Parts usable)> ready;
  /// Call about once a second from then on, when every thread still goes on; who never calls it is not watched.
  std::function<void(Parts usable)> alive;
};

/// True in a process that the master started (environment MINSCHOOL_WORKER is set).
bool is_worker();
/// The worker's side: its socket and ready pipe, taken from the environment.
Worker worker();
/// The master's whole life; returns the exit code. A socket that cannot be bound is said in one line with the fix,
/// exit 1.
int run_master(const Options& options);

}  // namespace ms::process
