#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "apps/monitor/nginx_config.hpp"
#include "apps/monitor/nginx_status.hpp"
#include "apps/monitor/traffic.hpp"
#include "infra/config/config.hpp"
#include "infra/http/fetch.hpp"
#include "infra/io/async.hpp"
#include "infra/io/resolver.hpp"

namespace ms::monitor {

/// The state of Nginx itself.
struct NginxState {
  bool up = false;
  Clock::time_point since{};
  std::optional<Connections> connections;  ///< its last report
  std::string error;
};

/// Collects what the log cannot contain: once a second it requests /health of each server and Nginx's connections, and
/// checks whether Nginx's file names other servers. One thread.
class Prober {
 public:
  /// `status` is http::parse_url() of monitor.nginx_status.
  Prober(asio::io_context& io, const config::Settings::Monitor& settings, http::FetchRequest status, Traffic& traffic);

  async<void> run();
  /// Reads Nginx's file if it has changed since it was last read.
  async<void> read_file();
  /// Makes the next read_file() read it even if it has not changed.
  void reload_file() noexcept { file_version_.clear(); }

  const NginxState& nginx() const noexcept { return nginx_; }
  /// Why Nginx's file cannot be read; empty when it can.
  const std::string& file_error() const noexcept { return file_error_; }
  /// Where Nginx saves pages; empty when its file does not say. Nothing before the file was read.
  const std::optional<std::string>& cache_path() const noexcept { return cache_path_; }

 private:
  static async<void> probe(Prober* self, Place place);
  static async<void> poll_nginx(Prober* self);
  async<std::vector<Place>> locate(const std::vector<Upstream>& upstreams);

  asio::io_context& io_;
  Resolver names_{io_};
  const config::Settings::Monitor& settings_;
  http::FetchRequest status_;
  Traffic& traffic_;
  NginxState nginx_;
  bool polling_nginx_ = false;
  std::string file_version_;  ///< identifies the version of the file that was read
  std::string file_error_ = "not read yet";
  std::optional<std::string> cache_path_;
};

/// Interprets a response to /health.
Health read_health(const http::FetchResponse& answer);

}  // namespace ms::monitor
