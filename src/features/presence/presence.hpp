#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "infra/core/id.hpp"
#include "infra/core/time.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/redis/client.hpp"

// Who is here: the sorted set `online:users` in Redis, scored by the second a member was last seen on any server.
// It lives only in Redis: while that is gone, nobody knows who is here, and nothing else suffers.
namespace ms::presence {

/// A member counts as here for so long after the last request.
constexpr auto kHere = std::chrono::seconds(120);

class Presence {
 public:
  explicit Presence(redis::Client& redis) : redis_(redis) {}

  /// Tells Redis, at most every kTellEvery for one member, without waiting.
  void seen(UserId member, Timestamp at);
  void gone(UserId member);
  /// Members seen within kHere on all servers; nullopt while Redis is gone.
  async<std::optional<std::int64_t>> count(const Call& call, Timestamp at);

 private:
  static constexpr auto kTellEvery = std::chrono::seconds(20);
  static constexpr std::size_t kMostRemembered = 50'000;

  redis::Client& redis_;
  std::unordered_map<UserId, Timestamp> told_;
};

}  // namespace ms::presence
