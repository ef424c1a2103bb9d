#pragma once
#include <cstdint>
#include <unordered_map>

#include "infra/core/id.hpp"
#include "infra/io/async.hpp"
#include "infra/pg/db.hpp"

namespace ms::posts {

/// Readers of posts, gathered in memory and added to post_counters every few seconds in one statement, so that reading
/// does not write. What a killed process had gathered since (at most kFlushEvery) is lost: a view is no promise.
/// One thread.
class ViewCounter {
 public:
  explicit ViewCounter(pg::Db& db) : db_(db) {}

  void count(PostId post);
  /// Views of this post that PostgreSQL does not have yet.
  std::int64_t pending(PostId post) const;
  /// Adds up what is pending; on failure it stays pending.
  async<void> flush();
  /// Flushes for ever; spawned once by the program.
  async<void> run();

  static constexpr auto kFlushEvery = std::chrono::seconds(2);

 private:
  static constexpr std::size_t kMostPosts = 10'000;  // pending at once; more are not counted
  pg::Db& db_;
  std::unordered_map<PostId, std::int64_t> pending_;
};

}  // namespace ms::posts
