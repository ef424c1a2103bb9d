#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ms::monitor {

/// The requested part of the site; `other` for words that the format may get later.
enum class Area { page, api, live, other };
inline constexpr std::array<std::string_view, 4> kAreas{"page", "api", "live", "other"};

/// What Nginx's cache did ($upstream_cache_status); the last one: the cache was not used.
inline constexpr std::array<std::string_view, 8> kCacheWords{"MISS",     "BYPASS",      "EXPIRED", "STALE",
                                                             "UPDATING", "REVALIDATED", "HIT",     "none"};

/// One server that Nginx tried for a request.
struct Attempt {
  std::string_view address;  ///< as Nginx writes it, "10.0.0.1:3000"; for an upstream without a server: its name
  int status = 0;            ///< 502 and 504 are Nginx's own: no answer, too late. 0: Nginx did not wait for it
  std::uint64_t milliseconds = 0;
};

/// A line of the access log, log_format minschool_monitor of deploy/nginx. Its views point into the datagram.
struct LogLine {
  /// Nginx tries at most six servers in one pass (proxy_next_upstream_tries), and a page has at most three passes.
  static constexpr std::size_t kMaxAttempts = 18;

  int status = 0;  ///< what the client got
  std::string_view method;
  Area area = Area::other;
  std::uint64_t milliseconds = 0;
  std::size_t cache = kCacheWords.size() - 1;  ///< index into kCacheWords
  std::string_view request;                    ///< its id
  std::array<Attempt, kMaxAttempts> attempts;
  std::size_t attempt_count = 0;
};

/// Nothing when the datagram is not such a line.
std::optional<LogLine> parse_log_line(std::string_view datagram);

}  // namespace ms::monitor
