#pragma once
#include <functional>
#include <string>
#include <vector>

// Master and worker. The master is small and blocking: it owns the listening socket, keeps one worker, and never
// serves.
//   - worker dies                -> a new one at once (with back-off when it dies young, 100 ms doubling to 5 s)
//   - heartbeats stop            -> SIGKILL after `frozen_seconds` without Worker::alive(), and a new one
//   - SIGHUP                     -> a new worker from the program file (possibly a new version) on the same socket;
//                                   once it is ready the old one gets SIGTERM and drains. When it is not ready in 10 s
//                                   or dies first, the old one stays and the log says why. It learns what the old one
//                                   can use, and must not become ready with less.
//   - SIGTERM, SIGINT            -> worker drains; master leaves after it, at the latest after `stop_seconds`
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
  std::vector<std::string> arguments;  ///< argv as main got it; the worker is started with the same
  int stop_seconds = 15;
  /// Much longer than a busy machine delays an event loop: killing a healthy worker fails its requests.
  int frozen_seconds = 20;
};

/// The dependencies that a worker can use, one bit each; only the program knows their meaning.
using Dependencies = unsigned;
inline constexpr Dependencies kAllDependencies = 0xF;

/// What a worker gets from its master.
struct Worker {
  int listen_fd = -1;
  /// What the worker that this one replaces on SIGHUP can use; 0 when it replaces none.
  Dependencies expected = 0;
  /// Call it once, when requests can be answered.
  std::function<void(Dependencies usable)> ready;
  /// Call it about once a second from then on, as long as every thread makes progress. A worker that never calls it is
  /// not monitored.
  std::function<void(Dependencies usable)> alive;
};

/// Whether the master started this process (the environment has MINSCHOOL_WORKER).
bool is_worker();
/// The worker's side: its socket and ready pipe, from the environment.
Worker worker();
/// Runs the master until it ends and returns its exit code. A socket that cannot be bound gives one log line with the
/// fix, and exit code 1.
int run_master(const Options& options);

}  // namespace ms::process
