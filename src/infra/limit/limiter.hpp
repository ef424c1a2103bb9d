#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "infra/core/id.hpp"
#include "infra/core/result.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/limit/local_counts.hpp"
#include "infra/limit/writes.hpp"
#include "infra/redis/client.hpp"

namespace ms::limit {

/// A number of tries in a window of fixed length that begins with the first try.
struct Rule {
  std::string_view name;  ///< "login", part of the key in Redis
  int limit = 0;          ///< tries that are allowed in one window
  std::chrono::seconds window{0};
};

/// Counts tries of a subject (an address, a login name) over all servers. While Redis is gone each server counts for
/// itself in a bounded table: looser by the number of servers, but never unlimited. One thread; the Client must outlive
/// it. The subject is hashed, so keys hold no personal data.
class Limiter {
 public:
  explicit Limiter(redis::Client& client, WriteLimits writes = {}) : client_(client), writes_(writes) {}

  /// Counts one try, or several at once; false when it is one too many. At most one round trip.
  async<bool> allow(const Call& call, Rule rule, std::string subject, std::int64_t times = 1);
  /// Counts them too, and returns the count in the window.
  async<std::int64_t> count(const Call& call, Rule rule, std::string subject, std::int64_t times = 1);
  /// Counts `times` writes of a member, over pages and API together; for 0 it does nothing. Unexpected: too_many.
  async<Result<void>> allow_write(const Call& call, MemberId member, bool staff, Write what, std::int64_t times = 1);
  /// Uncounts one try that turned out not to count.
  async<> take_back(const Call& call, Rule rule, std::string subject);
  /// Resets the count, as after a successful login. Does not wait for Redis, which runs it before later commands.
  void reset(Rule rule, std::string_view subject);

 private:
  redis::Client& client_;
  WriteLimits writes_;
  LocalCounts local_;
};

}  // namespace ms::limit
