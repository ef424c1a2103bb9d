#include "apps/monitor/prober.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <sstream>

#include "apps/monitor/nginx_config.hpp"
#include "infra/core/text.hpp"
#include "infra/io/sleep.hpp"

namespace ms::monitor {
namespace {

namespace json = boost::json;
using Tcp = asio::ip::tcp;
constexpr auto kResolveTimeout = std::chrono::seconds(5);

constexpr std::chrono::seconds kPeriod{1};
constexpr int kOk = 200;

/// Changes whenever the file does; empty when it does not exist.
std::string file_version(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return fmt::format("{}:{}:{}.{}", found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
}

std::string text_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(out).str();
}

/// A short text of the response, or nothing: a server may send anything.
std::string short_text(const json::object& body, std::string_view key) {
  constexpr std::size_t kMax = 64;
  const json::value* value = body.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr || text->size() > kMax || !valid_utf8(*text)) return {};
  for (const char c : *text) {
    if (c == '\t' || c == '\r' || c == '\n') return {};
  }
  return has_control(*text) ? std::string() : std::string(*text);
}

/// The server's own error: its first check that is not "ok".
std::string failed_check(const json::object& body) {
  if (const auto* draining = body.if_contains("draining"); draining != nullptr && *draining == true) return "draining";
  const auto* checks = body.if_contains("checks");
  if (checks == nullptr || !checks->is_object()) return {};
  for (const auto& [name, check] : checks->get_object()) {
    if (check.is_object() && short_text(check.get_object(), "state") != "ok") {
      return fmt::format("{} is down", shorten(std::string_view(name), 32));
    }
  }
  return {};
}

/// Splits "host:3000" or "[::1]:3000".
std::pair<std::string, std::string> split_address(const std::string& address) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::move(host), address.substr(colon + 1)};
}

std::string as_logged(const Tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), endpoint.port())
                         : fmt::format("{}:{}", address.to_string(), endpoint.port());
}

}  // namespace

Health read_health(const http::FetchResponse& answer) {
  Health out;
  out.answered = true;
  boost::system::error_code error;
  const json::value parsed = json::parse(answer.body, error);
  const json::object* body = error ? nullptr : parsed.if_object();
  if (body != nullptr) {
    out.word = short_text(*body, "status");
    out.name = short_text(*body, "server");
    out.version = short_text(*body, "version");
  }
  out.healthy = answer.status == kOk && (out.word == "ok" || out.word == "degraded");
  if (out.healthy) return out;
  if (body != nullptr) out.error = failed_check(*body);
  if (out.error.empty()) out.error = fmt::format("its /health is not one of ours (HTTP {})", answer.status);
  return out;
}

Prober::Prober(asio::io_context& io, const config::Settings::Monitor& settings, http::FetchRequest status,
               Traffic& traffic)
    : io_(io), settings_(settings), status_(std::move(status)), traffic_(traffic) {
  nginx_.since = Clock::now();
  nginx_.error = "not asked yet";
}

async<void> Prober::run() {
  auto next = Clock::now();
  while (true) {
    co_await read_file();
    for (auto& [address, server] : traffic_.servers()) {
      if (!server.configured || std::exchange(server.probing, true)) continue;
      asio::co_spawn(io_, probe(this, server.place), asio::detached);
    }
    if (!std::exchange(polling_nginx_, true)) asio::co_spawn(io_, poll_nginx(this), asio::detached);
    // The next turn counts from now, not from when this one was due: after a standstill there is nothing to catch up
    // on.
    next = std::max(next + kPeriod, Clock::now());
    co_await sleep_until(next);
    traffic_.tick(Clock::now());
  }
}

async<void> Prober::probe(Prober* self, Place place) {
  http::FetchRequest request;
  request.to = place.endpoint;
  request.host = "localhost";
  request.path = "/health";
  const Deadline deadline = Clock::now() + std::chrono::milliseconds(self->settings_.probe_ms);
  auto answer = co_await http::fetch(std::move(request), deadline);
  Health health;
  if (answer) {
    health = read_health(*answer);
  } else {
    health.error = std::move(answer.error());
  }
  self->traffic_.record_probe(place.address, std::move(health), Clock::now());
}

async<void> Prober::poll_nginx(Prober* self) {
  const Deadline deadline = Clock::now() + std::chrono::milliseconds(self->settings_.probe_ms);
  http::FetchRequest request = self->status_;
  const auto answer = co_await http::fetch(std::move(request), deadline);
  std::optional<Connections> connections;
  if (answer && answer->status == kOk) connections = parse_stub_status(answer->body);
  NginxState& nginx = self->nginx_;
  if (connections.has_value() != nginx.up) nginx.since = Clock::now();
  nginx.up = connections.has_value();
  nginx.connections = connections;
  if (nginx.up) {
    nginx.error.clear();
  } else {
    nginx.error = answer ? fmt::format("its status page is none (HTTP {})", answer->status) : answer.error();
  }
  self->polling_nginx_ = false;
}

async<void> Prober::read_file() {
  std::string version = file_version(settings_.nginx_config);
  if (!version.empty() && version == file_version_) co_return;
  const std::string text = text_of(settings_.nginx_config);
  const auto upstreams = read_upstreams(text);
  std::string error = upstreams ? std::string() : fmt::format("{} {}", settings_.nginx_config, upstreams.error());
  if (version.empty()) error = fmt::format("{} cannot be read", settings_.nginx_config);
  if (error != file_error_ && !error.empty()) spdlog::warn("{}; the servers stay as they were", error);
  file_error_ = std::move(error);
  file_version_ = std::move(version);
  if (!file_error_.empty()) co_return;
  cache_path_ = read_cache_path(text);
  const std::vector<Place> places = co_await locate(*upstreams);
  traffic_.configure(places, Clock::now());
  spdlog::info("{}: {} servers", settings_.nginx_config, places.size());
}

/// As Nginx does: a name stands for as many servers as it has addresses.
async<std::vector<Place>> Prober::locate(const std::vector<Upstream>& upstreams) {
  std::vector<Place> out;
  for (const Upstream& upstream : upstreams) {
    for (const NamedServer& server : upstream.servers) {
      Place place{upstream.name, server.address, {}, server.backup, server.down};
      if (server.address.starts_with("unix:")) {
        place.endpoint = asio::local::stream_protocol::endpoint(server.address.substr(5));
        out.push_back(std::move(place));
        continue;
      }
      const auto [host, port] = split_address(server.address);
      const auto found = co_await names_.find(host, Clock::now() + kResolveTimeout);
      if (found.addresses.empty()) spdlog::warn("{}: {}: {}", upstream.name, server.address, found.error);
      std::uint16_t number = 0;
      std::from_chars(port.data(), port.data() + port.size(), number);
      for (const std::string& address : found.addresses) {
        const Tcp::endpoint endpoint(asio::ip::make_address(address), number);
        place.address = as_logged(endpoint);
        place.endpoint = endpoint;
        out.push_back(place);
      }
    }
  }
  co_return out;
}

}  // namespace ms::monitor
