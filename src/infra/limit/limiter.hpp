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

/// So many tries in a window of fixed length that begins with the first try.
struct Rule {
  std::string_view name;  ///< "login", part of the key in Redis
  int limit = 0;          ///< tries that are allowed in one window
  std::chrono::seconds window{0};
};

/// Counts tries of a subject (an address, a login name) over all servers. While Redis is gone each server counts for
/// itself in a bounded table: looser by the number of servers, but never open. One thread; the Client must outlive it.
/// The subject is hashed, so no personal data stands in a key.
class Limiter {
 public:
  explicit Limiter(redis::Client& client, WriteLimits writes = {}) : client_(client), writes_(writes) {}

  /// Counts one try, or several at once; false when it is one too many. At most one round trip.
  async<bool> allow(const Call& call, Rule rule, std::string subject, std::int64_t times = 1);
  /// Counts the same; how many there are in the window.
  async<std::int64_t> count(const Call& call, Rule rule, std::string subject, std::int64_t times = 1);
  /// Counts `times` writes of a member, by whatever way they come; for none nothing is asked. Unexpected: too_many.
  async<Result<void>> allow_write(const Call& call, MemberId member, bool staff, Write what, std::int64_t times = 1);
  /// Takes back one try that turned out to be none.
  async<> take_back(const Call& call, Rule rule, std::string subject);
  /// Forgets the tries, as after a successful login. Nobody waits for it: it is done before what is asked next.
  void forgive(Rule rule, std::string_view subject);

 private:
  redis::Client& client_;
  WriteLimits writes_;
  LocalCounts local_;
};

}  // namespace ms::limit
