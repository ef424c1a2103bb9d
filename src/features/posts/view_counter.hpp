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

/// Readers of posts: each visitor counts once within kOnce, on whatever server. Reading writes nothing and asks nobody:
/// visits are gathered in memory, and every few seconds Redis says in one round trip which of them are new
/// (`viewed:<post>:<visitor>`), and those are added to post_counters in one statement. While Redis is gone each thread
/// knows only its own. What a killed process had gathered since (at most kFlushEvery) is lost. One thread.
class ViewCounter {
 public:
  ViewCounter(pg::Db& db, redis::Client& redis) : db_(db), redis_(redis) {}

  /// `visitor`: the same for all visits of one person, and says nothing about them; empty: not counted.
  void count(PostId post, std::string_view visitor);
  /// Views of this post that count and that PostgreSQL does not have yet.
  std::int64_t pending(PostId post) const;
  /// Adds up what is pending; on failure it stays pending.
  async<void> flush();
  /// Flushes for ever; spawned once by the program.
  async<void> run();

  static constexpr auto kFlushEvery = std::chrono::seconds(2);
  static constexpr auto kOnce = std::chrono::minutes(30);

 private:
  struct Visit {
    PostId post;
    std::string key;
  };
  async<void> settle(const Call& call);

  static constexpr std::size_t kMaxPosts = 10'000;     // pending at once; more are not counted
  static constexpr std::size_t kMaxVisits = 2'000;     // between two flushes; more are not counted
  static constexpr std::size_t kMaxVisitors = 50'000;  // remembered; then all are forgotten, and Redis tells
  pg::Db& db_;
  redis::Client& redis_;
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> seen_;
  std::vector<Visit> visits_;
  std::unordered_map<PostId, std::int64_t> pending_;
};

}  // namespace ms::posts
