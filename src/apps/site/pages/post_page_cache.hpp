#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "features/comments/threads.hpp"
#include "features/likes/likes.hpp"
#include "features/posts/posts.hpp"
#include "infra/cache/local_cache.hpp"
#include "infra/cache/single_flight.hpp"
#include "infra/session/viewer.hpp"

namespace ms::site {

/// A post and a page of its threads, shared by all viewers, and what is specific to one viewer.
struct PostPageData {
  std::shared_ptr<const posts::Reading> reading;
  std::shared_ptr<const comments::Threads> threads;
  std::shared_ptr<const std::vector<view::SafeHtml>> common;  ///< comments::ShownThreads::common; null: not available
  std::int64_t views;                                         ///< including those not stored yet
  std::vector<std::int64_t> liked;                            ///< like likes::Likes::of
};

/// This thread's cache of posts with the pages of their threads that were read, and who likes what of them: all that is
/// the same for all viewers. A post stays as long as there is room, and is shown without a question while its version
/// (posts::Post::events) is known to be the latest: for `ttl` after it was compared, unless a publication concerns it.
/// run() compares the versions of all posts that are read; any other is compared when it is read again. Why:
/// docs/decisions/0038-post-pages.md.
class PostPageCache {
 public:
  struct Config {
    std::chrono::milliseconds ttl;  ///< 0: keeps nothing
    std::size_t max_bytes;
  };
  PostPageCache(pg::Db& db, posts::Posts& posts, comments::Comments& comments, likes::Likes& likes, Config config);

  /// Like posts::Posts::read. `bypass_cache`: for a viewer who has just changed something, whose next request may
  /// precede the publication. `number`: the page of threads; 0: the last. `from`: see comments::Comments::threads.
  async<Result<PostPageData>> read(const Call& call, bool bypass_cache, const session::Viewer& viewer, PostId id,
                                   std::int64_t number, CommentId from);
  /// Compares versions for ever; spawned once by the program.
  async<void> run();

  /// A post, its comments or their likes changed.
  void invalidate(PostId id);
  /// Posts of a board changed, which may be neighbours of others.
  void invalidate(BoardId board);
  /// Changes may have been missed that every version tells: nothing is shown before its version is compared.
  void compare_all();
  /// The same without trust in versions, as when the database is another one.
  void invalidate_all();

  /// Requests that wait for another request's load.
  std::size_t waiting() const noexcept { return loads_.waiting() + comparisons_.waiting() + likers_.waiting(); }
  std::vector<cache::LocalCacheStats> cache_stats() const { return {posts_.stats(), common_.stats()}; }

 private:
  using Clock = std::chrono::steady_clock;
  struct CachedPost;
  using CachedPostPtr = std::shared_ptr<CachedPost>;
  using ThreadsPtr = std::shared_ptr<const comments::Threads>;
  using HtmlPtr = std::shared_ptr<const std::vector<view::SafeHtml>>;
  struct Page {
    CachedPostPtr post;
    ThreadsPtr threads;
    bool hot = false;  ///< read just before, too
  };
  using PageKey = std::tuple<PostId, std::int64_t, CommentId>;  // as read()

  async<Page> page(const Call& call, bool bypass_cache, const PageKey& key);
  /// The kept post, if it is as the database has it; null otherwise.
  async<CachedPostPtr> current(const Call& call, CachedPostPtr post);
  bool is_current(const CachedPost& post, Clock::time_point now) const;
  void keep(PostId id, const CachedPostPtr& kept, const Page& page);
  async<Page> load(const Call& call, PageKey key);
  /// Compares these posts' versions, and reads their neighbours too if so asked.
  async<bool> compare(const Call& call, std::vector<CachedPostPtr> posts, bool neighbours);
  void drop(const CachedPostPtr& post);
  HtmlPtr common_html(const Page& page);
  async<std::shared_ptr<const likes::Likers>> load_likers(const Call& call, PostId id);
  /// Like likes::Likes::of.
  async<std::vector<std::int64_t>> liked(const Call& call, MemberId member, const Page& page);
  async<void> compare_active();

  static std::size_t bytes_of(const PostId& id, const CachedPostPtr& post);

  pg::Db& db_;
  posts::Posts& source_;
  comments::Comments& comments_;
  likes::Likes& likes_;
  const std::chrono::milliseconds ttl_;
  cache::LocalCache<PostId, CachedPostPtr> posts_;
  cache::LocalCache<ThreadsPtr, HtmlPtr> common_;  ///< of pages that many read at once
  cache::SingleFlight<PageKey, Page, cache::TupleHash> loads_;
  cache::SingleFlight<CachedPostPtr, bool> comparisons_;
  cache::SingleFlight<CachedPostPtr, std::shared_ptr<const likes::Likers>> likers_;
  Clock::time_point compare_before_{};  ///< a comparison that began earlier says nothing
  Clock::time_point board_changed_{};   ///< any
  std::unordered_map<BoardId, Clock::time_point> boards_changed_;
};

}  // namespace ms::site
