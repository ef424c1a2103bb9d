#pragma once
#include <string>

namespace ms::process {

/// The socket that a service outlives its workers with.
struct ListenSocket {
  int fd = -1;
  /// systemd's: it listens also while we do not run, so it is never ended by us.
  bool inherited = false;
};

/// The first socket of LISTEN_FDS when systemd started us (sd_listen_fds(3)), else a new one on address:port:
/// listening, non-blocking, closed on exec. Throws std::runtime_error with the reason and what to do about it.
ListenSocket listen_socket(const std::string& address, int port);

}  // namespace ms::process
