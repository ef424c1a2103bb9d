#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ms::process {

/// Reports our state to the service manager. Both protocols are one short message over a socket that the manager
/// opened, so they are written by hand instead of linking libsystemd: a datagram "KEY=value\n…" to NOTIFY_SOCKET
/// (sd_notify(3)), and for PM2 the JSON line "ready" on the channel of NODE_CHANNEL_FD (what Node's
/// process.send('ready') writes). Without these variables every call does nothing. A manager that does not listen is no
/// reason to stop.
class Notify {
 public:
  /// Reads the environment of this process.
  Notify();
  ~Notify();
  Notify(const Notify&) = delete;
  Notify& operator=(const Notify&) = delete;

  /// READY=1 and MAINPID; the first call also notifies PM2.
  void ready();
  /// RELOADING=1 with MONOTONIC_USEC (Type=notify-reload, systemd.service(5)); ready() ends it.
  void reloading();
  void stopping();
  /// WATCHDOG=1.
  void alive();
  /// How often alive() is due: half of WATCHDOG_USEC as sd_watchdog_enabled(3) advises; nullopt: there is no watchdog.
  std::optional<std::chrono::microseconds> alive_every() const noexcept { return alive_every_; }

 private:
  void send(std::string_view message);

  std::string path_;
  int socket_ = -1;
  int pm2_ = -1;
  std::optional<std::chrono::microseconds> alive_every_;
};

}  // namespace ms::process
