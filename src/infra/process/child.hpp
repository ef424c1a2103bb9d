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
      -1;  ///< a byte when it is ready, and then for each sign of life; the end when it is gone; -1 after that
  bool ready = false;
  Parts usable = 0;  ///< as its last byte says
  int silent = -1;   ///< seconds since its last sign of life; -1: it never gave one, so none is expected
  Clock::time_point born;
  Clock::time_point killed_at = Clock::time_point::max();  ///< when SIGTERM becomes SIGKILL
};

/// The path under which this program can be started again, made once at start. A relative argv[0] is made absolute but
/// links in it stay: when a deployment points `current` to a new version, that one is what SIGHUP starts.
std::string program_path(const std::vector<std::string>& arguments);

/// Starts the program at `path` as a worker on `listen_fd`. What only concerns the master (LISTEN_*, NOTIFY_SOCKET,
/// WATCHDOG_*, NODE_CHANNEL_FD) is not in its environment; it gets SIGTERM when the master dies.
/// A program that cannot be executed is a child that exits with 127. Throws std::system_error when the system has no
/// process or pipe left.
/// `expected` is Worker::expected.
Child spawn(const std::string& path, const std::vector<std::string>& arguments, int listen_fd, Parts expected);

/// The byte that says that a worker is alive and what it can use, and what such a byte says.
constexpr char said(Parts usable) noexcept { return static_cast<char>('0' + (usable & kMaxParts)); }
constexpr Parts usable_of(char byte) noexcept { return static_cast<Parts>(byte - '0') & kMaxParts; }

}  // namespace ms::process
