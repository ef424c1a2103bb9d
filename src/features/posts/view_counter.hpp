#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "infra/core/id.hpp"
#include "infra/io/async.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"

namespace ms::posts {

/// Counts the views of posts: each visitor counts once within kRepeatVisitPeriod, on all servers together. A page view
/// writes nothing and queries nothing: visits are collected in memory, Redis says every few seconds in one round trip
/// which of them are new (`viewed:<post>:<visitor>`), and one statement adds those to post_counters. Without Redis each
/// thread detects only its own repetitions. A killed process loses the visits of at most kFlushEvery. One thread.
class ViewCounter {
 public:
  ViewCounter(pg::Db& db, redis::Client& redis) : db_(db), redis_(redis) {}

  /// `visitor`: the same pseudonym for all visits of one person; empty: not counted.
  void count(PostId post, std::string_view visitor);
  /// Counted views of this post that PostgreSQL does not have yet.
  std::int64_t pending(PostId post) const;
  /// Writes the pending views; on failure they stay pending.
  async<void> flush();
  /// Flushes for ever; spawned once by the program.
  async<void> run();

  static constexpr auto kFlushEvery = std::chrono::seconds(2);
  static constexpr auto kRepeatVisitPeriod = std::chrono::minutes(30);

 private:
  struct Visit {
    PostId post;
    std::string key;
  };
  async<void> settle(const Call& call);

  static constexpr std::size_t kMaxPosts = 10'000;  // pending at once; more are not counted
  static constexpr std::size_t kMaxVisits = 2'000;  // between two flushes; more are not counted
  static constexpr std::size_t kMaxVisitors =
      50'000;  // stored at once; then all are cleared, and Redis detects repetitions
  pg::Db& db_;
  redis::Client& redis_;
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> counted_;
  std::vector<Visit> visits_;
  std::unordered_map<PostId, std::int64_t> pending_;
};

}  // namespace ms::posts
