#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "infra/process/process.hpp"

namespace ms::process {

bool is_worker() { return std::getenv("MINSCHOOL_WORKER") != nullptr; }

Worker worker() {
  const char* given = std::getenv("MINSCHOOL_WORKER");
  int listen_fd = -1;
  int ready_fd = -1;
  if (!given || std::sscanf(given, "%d,%d", &listen_fd, &ready_fd) != 2) {
    throw std::runtime_error("MINSCHOOL_WORKER is set by the master only; start the program without it");
  }
  // What the worker itself starts must not keep them open.
  for (const int fd : {listen_fd, ready_fd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      throw std::runtime_error("MINSCHOOL_WORKER names a descriptor that is not open; start the program without it");
    }
  }
  return {listen_fd, [ready_fd]() mutable {
            if (ready_fd < 0) return;
            // One byte; a master that is gone needs no answer, the kernel has sent us SIGTERM.
            static_cast<void>(::write(ready_fd, "1", 1) == 1);
            ::close(ready_fd);
            ready_fd = -1;
          }};
}

}  // namespace ms::process
