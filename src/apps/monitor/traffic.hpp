#pragma once
#include <boost/asio/generic/stream_protocol.hpp>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apps/monitor/counts.hpp"
#include "apps/monitor/log_line.hpp"

namespace ms::monitor {

/// up: answers Nginx, and its /health says that it can serve. failing: it runs but cannot serve, or did not answer a
/// moment ago. down: two probes in a row got no answer. unknown: not probed yet, or not in Nginx's file.
enum class State { unknown, up, failing, down };
inline constexpr std::array<std::string_view, 4> kStates{"unknown", "up", "failing", "down"};

/// The location of a server of an upstream.
struct Place {
  std::string upstream;
  std::string address;  ///< as Nginx logs it
  boost::asio::generic::stream_protocol::endpoint endpoint;
  bool backup = false;
  bool marked_down = false;
};

/// A server's response to a probe.
struct Health {
  bool answered = false;
  bool healthy = false;  ///< it can serve ("ok" or "degraded")
  std::string word;      ///< its own status
  std::string name;
  std::string version;
  std::string error;  ///< why it is not well, for operators
};

struct Server {
  Place place;
  bool configured = false;
  State state = State::unknown;
  Clock::time_point since{};
  Health health;
  int misses = 0;  ///< probes in a row without an answer
  bool probing = false;
  Clock::time_point last_unanswered = Clock::time_point::min();
  Counts counts;

  /// One line that says why it is not up; empty when it is.
  std::string reason(Clock::time_point now) const;
};

/// A request that ended with 5xx.
struct Failure {
  Clock::time_point at;
  int status = 0;
  std::string method;
  Area area = Area::other;
  std::string server;   ///< the last one that Nginx tried; empty for none
  std::string request;  ///< its id, by which logs can be searched
};

/// Everything known about Nginx's servers and requests; one thread, no I/O.
class Traffic {
 public:
  explicit Traffic(Clock::time_point now) : started_at_(now) {}

  /// Sets the servers of Nginx's file. Others are removed once they have no recent traffic.
  void configure(const std::vector<Place>& places, Clock::time_point now);
  void add(const LogLine& line, Clock::time_point now);
  void record_probe(std::string_view address, Health health, Clock::time_point now);
  /// Once a second: updates states that depend on time alone.
  void tick(Clock::time_point now);

  using Servers = std::map<std::string, Server, std::less<>>;
  Servers& servers() noexcept { return servers_; }
  const Servers& servers() const noexcept { return servers_; }
  const Counts& requests() const noexcept { return requests_; }
  const std::deque<Failure>& failures() const noexcept { return failures_; }
  /// Requests for which there was no server at all ("no live upstreams").
  std::uint64_t no_server() const noexcept { return no_server_; }
  /// Attempts at servers beyond kMaxServers, which are not counted individually.
  std::uint64_t untracked() const noexcept { return untracked_; }
  Clock::time_point started_at() const noexcept { return started_at_; }

  /// Each takes about 30 kB.
  static constexpr std::size_t kMaxServers = 128;

 private:
  Server* find(std::string_view address, Clock::time_point now);
  void record_failure(const LogLine& line, Clock::time_point now);

  Clock::time_point started_at_;
  Servers servers_;
  Counts requests_;
  std::deque<Failure> failures_;
  std::uint64_t no_server_ = 0;
  std::uint64_t untracked_ = 0;
};

}  // namespace ms::monitor
