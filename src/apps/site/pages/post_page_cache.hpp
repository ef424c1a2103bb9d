#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

#include "features/comments/comments.hpp"
#include "features/likes/likes.hpp"
#include "features/posts/page_cache.hpp"
#include "infra/cache/local_cache.hpp"
#include "infra/web/context.hpp"

namespace ms::site {

/// A page of threads as read, and each comment's HTML for viewers without special rights.
struct CachedThreads {
  comments::Threads rows;
  std::vector<view::SafeHtml> common;
};

/// A post and a page of its threads, shared by all viewers, and what is specific to one viewer.
struct PostPageData {
  std::shared_ptr<const posts::Reading> reading;
  std::shared_ptr<const CachedThreads> threads;
  std::int64_t views;               ///< including those not stored yet
  std::vector<std::int64_t> liked;  ///< like likes::Likes::of
};

/// This thread's cache of post pages: the post and its comments, which are the same for all viewers, and who likes
/// which of them.
class PostPageCache {
 public:
  /// Like posts::PageCache, whose posts this uses.
  PostPageCache(posts::Posts& posts, posts::PageCache& page_cache, comments::Comments& comments, likes::Likes& likes,
                std::chrono::milliseconds ttl);

  /// Like posts::Posts::read. `number`: the page of threads; 0: the last. `from`: see comments::Comments::threads.
  async<Result<PostPageData>> read(const web::Context& ctx, PostId id, std::int64_t number, CommentId from);
  /// Like posts::PageCache::invalidate_all and invalidate.
  void invalidate_all();
  void invalidate(PostId id);
  /// Like posts::PageCache::waiting, without counting those.
  std::size_t waiting() const noexcept { return threads_.waiting() + likers_.waiting(); }
  std::vector<cache::LocalCacheStats> cache_stats() const { return {threads_.stats(), likers_.stats()}; }

 private:
  using ThreadsKey = std::tuple<PostId, std::int64_t, CommentId>;  // as read()

  async<std::shared_ptr<const CachedThreads>> threads(const web::Context& ctx, PostId id, MemberId author,
                                                      std::int64_t number, CommentId from);
  async<std::shared_ptr<const likes::Likers>> likers(const web::Context& ctx, PostId id);
  /// Like likes::Likes::of.
  async<std::vector<std::int64_t>> liked(const web::Context& ctx, PostId id);

  posts::Posts& posts_;
  posts::PageCache& page_cache_;
  comments::Comments& comments_;
  likes::Likes& likes_;
  cache::LocalCache<ThreadsKey, std::shared_ptr<const CachedThreads>, cache::TupleHash> threads_;
  cache::LocalCache<PostId, std::shared_ptr<const likes::Likers>> likers_;
};

}  // namespace ms::site
