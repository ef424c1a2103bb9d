#pragma once
#include <string>

namespace ms::process {

/// The listening socket of a service, which outlives its workers.
struct ListenSocket {
  int fd = -1;
  /// The socket belongs to systemd and listens also while we do not run, so we never shut it down.
  bool inherited = false;
};

/// The first socket of LISTEN_FDS when systemd started us (sd_listen_fds(3)), else a new one on address:port:
/// listening, non-blocking, closed on exec. Throws std::runtime_error with the reason and what to do about it.
ListenSocket listen_socket(const std::string& address, int port);

}  // namespace ms::process
