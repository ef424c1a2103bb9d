#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "infra/process/child.hpp"
#include "infra/process/process.hpp"

namespace ms::process {

bool is_worker() { return std::getenv("MINSCHOOL_WORKER") != nullptr; }

Worker worker() {
  const char* given = std::getenv("MINSCHOOL_WORKER");
  int listen_fd = -1;
  int ready_fd = -1;
  Dependencies expected = 0;
  // A master of an earlier version, which keeps running after SIGHUP, does not give the third value.
  if (!given || std::sscanf(given, "%d,%d,%u", &listen_fd, &ready_fd, &expected) < 2) {
    throw std::runtime_error("MINSCHOOL_WORKER is set by the master only; start the program without it");
  }
  // Programs that the worker starts must not keep them open.
  for (const int fd : {listen_fd, ready_fd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      throw std::runtime_error("MINSCHOOL_WORKER names a descriptor that is not open; start the program without it");
    }
  }
  // A master that is gone needs no heartbeat: the kernel has sent us SIGTERM, and writing to the broken pipe must not
  // end the process before the drain.
  std::signal(SIGPIPE, SIG_IGN);
  const auto send = [ready_fd](Dependencies usable) {
    const char byte = heartbeat_byte(usable);
    static_cast<void>(::write(ready_fd, &byte, 1) == 1);
  };
  return {listen_fd, expected, send, send};
}

}  // namespace ms::process
