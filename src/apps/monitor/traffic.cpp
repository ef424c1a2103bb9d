#include "apps/monitor/traffic.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ms::monitor {
namespace {

// Nginx's own status for a server that did not answer, or not in time; our servers never send these.
constexpr int kBadGateway = 502;
constexpr int kGatewayTimeout = 504;
constexpr int kMissesUntilDown = 2;
// Nginx skips a server for a second or two (fail_timeout); a failed one is not up again before Nginx tried it.
constexpr std::chrono::seconds kRecentPeriod{5};
constexpr std::size_t kMaxFailures = 20;
constexpr int kServerErrors = 500;

bool recently_unanswered(const Server& server, Clock::time_point now) {
  return server.last_unanswered != Clock::time_point::min() && now - server.last_unanswered < kRecentPeriod;
}

void update_state(Server& server, Clock::time_point now) {
  State state = State::up;
  if (!server.configured || (server.misses == 0 && !server.health.answered)) {
    state = State::unknown;
  } else if (server.misses >= kMissesUntilDown) {
    state = State::down;
  } else if (server.misses > 0 || !server.health.healthy || recently_unanswered(server, now)) {
    state = State::failing;
  }
  if (state == server.state) return;
  server.state = state;
  server.since = now;
}

/// For "no live upstreams" Nginx logs the upstream's name instead of an address.
bool is_address(std::string_view text) { return text.contains(':'); }

}  // namespace

std::string Server::reason(Clock::time_point now) const {
  if (!configured) return "not in Nginx's file";
  if (!health.error.empty()) return health.error;
  if (state == State::failing && recently_unanswered(*this, now)) {
    const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - last_unanswered);
    return fmt::format("Nginx got no answer {} s ago", ago.count());
  }
  return {};
}

void Traffic::configure(const std::vector<Place>& places, Clock::time_point now) {
  for (auto& [address, server] : servers_) server.configured = false;
  for (const Place& place : places) {
    Server* server = find(place.address, now);
    // The first upstream that names a server keeps it.
    if (server == nullptr || server->configured) continue;
    server->place = place;
    server->configured = true;
  }
  tick(now);
}

Server* Traffic::find(std::string_view address, Clock::time_point now) {
  if (const auto found = servers_.find(address); found != servers_.end()) return &found->second;
  if (servers_.size() == kMaxServers) return nullptr;
  Server& server = servers_[std::string(address)];
  server.place.address = address;
  server.since = now;
  return &server;
}

void Traffic::add(const LogLine& line, Clock::time_point now) {
  const bool timed = line.area != Area::live;
  requests_.add({line.status, line.milliseconds, timed, false, line.cache}, now);
  for (std::size_t i = 0; i < line.attempt_count; ++i) {
    const Attempt& attempt = line.attempts[i];
    if (!is_address(attempt.address)) {
      ++no_server_;
      continue;
    }
    Server* server = find(attempt.address, now);
    if (server == nullptr) {
      ++untracked_;
      continue;
    }
    const bool unanswered = attempt.status == kBadGateway || attempt.status == kGatewayTimeout;
    server->counts.add({attempt.status, attempt.milliseconds, timed, unanswered}, now);
    if (unanswered) server->last_unanswered = now;
  }
  if (line.status >= kServerErrors) record_failure(line, now);
}

void Traffic::record_failure(const LogLine& line, Clock::time_point now) {
  if (failures_.size() == kMaxFailures) failures_.pop_front();
  const auto server = line.attempt_count > 0 ? line.attempts[line.attempt_count - 1].address : std::string_view();
  failures_.push_back(
      {now, line.status, std::string(line.method), line.area, std::string(server), std::string(line.request)});
}

void Traffic::record_probe(std::string_view address, Health health, Clock::time_point now) {
  const auto found = servers_.find(address);
  if (found == servers_.end()) return;  // it was removed during the probe
  Server& server = found->second;
  server.probing = false;
  server.misses = health.answered ? 0 : server.misses + 1;
  if (!health.answered) {  // keeps the values of its last response
    health.name = std::move(server.health.name);
    health.version = std::move(server.health.version);
  }
  server.health = std::move(health);
  update_state(server, now);
}

void Traffic::tick(Clock::time_point now) {
  for (auto& [address, server] : servers_) update_state(server, now);
  std::erase_if(servers_, [now](const auto& entry) {
    const Server& server = entry.second;
    const auto last_active = std::max(server.counts.last(), server.since);
    return !server.configured && !server.probing && now - last_active > Counts::kFive;
  });
}

}  // namespace ms::monitor
