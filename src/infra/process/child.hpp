#pragma once
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "infra/process/process.hpp"

namespace ms::process {

using Clock = std::chrono::steady_clock;

/// One worker as its master sees it.
struct Child {
  pid_t pid = -1;
  int ready_pipe =
      -1;  ///< a byte when it is ready, then one with each heartbeat; end of file when it is gone; -1 after that
  bool ready = false;
  Dependencies usable = 0;  ///< as its last byte says
  int silent_seconds = -1;  ///< seconds since its last heartbeat; -1: it never sent one, so none is expected
  Clock::time_point started_at;
  Clock::time_point killed_at = Clock::time_point::max();  ///< when SIGKILL follows SIGTERM
};

/// The path under which this program can be started again; computed once at start. A relative argv[0] becomes absolute
/// but symbolic links in it stay: when a deployment points `current` to a new version, SIGHUP starts that version.
std::string program_path(const std::vector<std::string>& arguments);

/// Starts the program at `path` as a worker on `listen_fd`. Its environment lacks what concerns only the master
/// (LISTEN_*, NOTIFY_SOCKET, WATCHDOG_*, NODE_CHANNEL_FD). It gets SIGTERM when the master dies. A program that cannot
/// be executed is a child that exits with 127. Throws std::system_error when the system has no process or pipe left.
/// `expected` is Worker::expected.
Child spawn(const std::string& path, const std::vector<std::string>& arguments, int listen_fd, Dependencies expected);

/// The byte by which a worker reports that it is alive and what it can use, and how it is read.
constexpr char heartbeat_byte(Dependencies usable) noexcept {
  return static_cast<char>('0' + (usable & kAllDependencies));
}
constexpr Dependencies usable_of(char byte) noexcept {
  return static_cast<Dependencies>(byte - '0') & kAllDependencies;
}

}  // namespace ms::process
