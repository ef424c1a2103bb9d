#include "apps/monitor/monitor.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>
#include <csignal>

#include "infra/core/version.hpp"
#include "infra/io/sleep.hpp"
#include "infra/io/use_awaitable.hpp"

namespace ms::monitor {
namespace {

/// The clients are Nginx, Prometheus and people: few, with small requests.
http::Limits limits() {
  http::Limits out;
  out.head_bytes = 8 * 1024;
  out.body_bytes = 1024;
  out.connections = 64;
  return out;
}

http::FetchRequest status_page(const std::string& url) {
  auto parsed = http::parse_url(url);
  if (!parsed) {
    throw std::runtime_error(
        fmt::format("monitor.nginx_status must have a numeric address, as http://127.0.0.1/nginx_status, not {}", url));
  }
  return *std::move(parsed);
}

http::Response uncached(http::Response response) {
  response.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

Monitor::Monitor(const config::Settings& settings, int listen_fd)
    : log_(io_, settings.monitor.log_socket),
      prober_(io_, settings.monitor, status_page(settings.monitor.nginx_status), traffic_),
      saved_pages_(
          settings.monitor.saved_pages, [this] { return prober_.cache_path(); }, [this] { return serving(); }),
      server_(io_, listen_fd, limits(), [this](const http::Request& request) { return answer(request); }) {}

void Monitor::run() {
  asio::co_spawn(io_, handle_signals(), asio::detached);
  asio::co_spawn(io_, log_.run([this](std::string_view datagram) { take(datagram); }), asio::detached);
  asio::co_spawn(io_, prober_.run(), asio::detached);
  asio::co_spawn(io_, saved_pages_.run(), asio::detached);
  if (const auto every = notify_.alive_every()) asio::co_spawn(io_, ping_watchdog(*every), asio::detached);
  server_.start();
  notify_.ready();
  io_.run();
}

async<void> Monitor::handle_signals() {
  asio::signal_set signals(io_, SIGTERM, SIGINT, SIGHUP);
  while (true) {
    auto [error, signal] = co_await signals.async_wait(io::kAsTuple);
    if (error || signal != SIGHUP) break;
    prober_.reload_file();
  }
  notify_.stopping();
  co_await stop();
}

async<void> Monitor::stop() {
  constexpr std::chrono::milliseconds kIdleGrace{100};
  constexpr std::chrono::seconds kMax{2};
  log_.close();
  co_await server_.drain(kIdleGrace, Clock::now() + kMax);
  io_.stop();
}

async<void> Monitor::ping_watchdog(std::chrono::microseconds every) {
  while (true) {
    notify_.alive();
    co_await sleep_for(every);
  }
}

void Monitor::take(std::string_view datagram) {
  const auto line = parse_log_line(datagram);
  if (!line) {
    ++state_.malformed;
    return;
  }
  ++state_.lines;
  traffic_.add(*line, Clock::now());
}

async<http::Response> Monitor::answer(const http::Request& request) {
  // A method that no form or link of a browser can send, and that Nginx does not pass on.
  if (request.method == http::Method::del && request.path == "/saved_pages") {
    co_return co_await purge_saved_pages(PurgeScope::parse(request.query));
  }
  if (request.method != http::Method::get && request.method != http::Method::head) {
    http::Response response = http::Response::text(405, "text/plain", "only GET, and DELETE of /saved_pages\n");
    response.set("Allow", "GET, HEAD");
    co_return response;
  }
  if (request.path == "/upstream_status") co_return uncached(status(request));
  if (request.path == "/metrics") co_return uncached(metrics(request));
  if (request.path == "/health") co_return uncached(health());
  co_return http::Response::text(404, "text/plain", "there are /upstream_status, /metrics and /health\n");
}

bool Monitor::serving() const {
  return std::ranges::any_of(traffic_.servers(), [](const auto& entry) { return entry.second.state == State::up; });
}

async<http::Response> Monitor::purge_saved_pages(PurgeScope scope) {
  // Right after the start the prober may not have read the file yet.
  if (!prober_.cache_path()) co_await prober_.read_file();
  // The app server that asked tries again (infra/purge).
  if (!prober_.cache_path()) co_return http::Response::text(503, "text/plain", prober_.file_error() + "\n");
  try {
    co_await saved_pages_.purge(std::move(scope));
    co_return http::Response(204);
  } catch (const std::exception& fault) {
    spdlog::error("{}", fault.what());
    co_return http::Response::text(500, "text/plain; charset=utf-8", std::string(fault.what()) + "\n");
  }
}

http::Response Monitor::status(const http::Request& request) const {
  const bool json = request.header("accept").contains("application/json") || request.query == "format=json";
  const auto now = Clock::now();
  if (json) return http::Response::text(200, "application/json", status_json(state_, now));
  return http::Response::text(200, "text/plain; charset=utf-8", status_table(state_, now));
}

http::Response Monitor::metrics(const http::Request& request) {
  const metrics::Format format = metrics::format_for(request.header("accept"));
  metrics::Text out(format);
  write_metrics(state_, out);
  process_.read();
  registry_.write(out);
  return http::Response::text(200, metrics::content_type(format), std::move(out).finish());
}

http::Response Monitor::health() const {
  const boost::json::object body{
      {"status", "ok"},
      {"version", version()},
      {"uptime_seconds", std::chrono::duration<double>(Clock::now() - traffic_.started_at()).count()}};
  return http::Response::text(200, "application/json", boost::json::serialize(body));
}

}  // namespace ms::monitor
