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

/// What is known of Nginx itself.
struct NginxState {
  bool up = false;
  Clock::time_point since{};
  std::optional<Connections> connections;  ///< as it last said
  std::string error;
};

/// Looks after what the log cannot tell: once a second it asks each server for /health and Nginx for its connections,
/// and sees whether Nginx's file names other servers. One thread.
class Prober {
 public:
  /// `status` is http::parse_url() of monitor.nginx_status.
  Prober(asio::io_context& io, const config::Settings::Monitor& settings, http::FetchRequest status, Traffic& traffic);

  async<void> run();
  /// Reads Nginx's file at the next turn whether or not it changed.
  void read_again() noexcept { seen_.clear(); }

  const NginxState& nginx() const noexcept { return nginx_; }
  /// What is wrong with Nginx's file; empty when it could be read.
  const std::string& file_error() const noexcept { return file_error_; }
  /// Where Nginx saves pages; empty when its file does not say.
  const std::string& cache_path() const noexcept { return cache_path_; }

 private:
  static async<void> probe(Prober* self, Place place);
  static async<void> ask_nginx(Prober* self);
  async<void> read_file();
  async<std::vector<Place>> locate(const std::vector<Upstream>& upstreams);

  asio::io_context& io_;
  Resolver names_{io_};
  const config::Settings::Monitor& settings_;
  http::FetchRequest status_;
  Traffic& traffic_;
  NginxState nginx_;
  bool asking_nginx_ = false;
  std::string seen_;  ///< by which a change of the file is seen
  std::string file_error_ = "not read yet";
  std::string cache_path_;
};

/// What the body of an answer to /health means.
Health read_health(const http::FetchResponse& answer);

}  // namespace ms::monitor
