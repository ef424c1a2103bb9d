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

/// A page of threads as it was read, and each comment as most members see it.
struct CachedThreads {
  comments::Threads rows;
  std::vector<view::SafeHtml> common;
};

/// A post with a page of its threads, which are everybody's, and what one reader sees of them.
struct PostPageData {
  std::shared_ptr<const posts::Reading> reading;
  std::shared_ptr<const CachedThreads> threads;
  std::int64_t views;               ///< with those not written down yet
  std::vector<std::int64_t> liked;  ///< as likes::Likes::of
};

/// The page of a post out of this thread's memory: the post and its comments, which are the same for everybody, and
/// who likes what of them.
class PostPageCache {
 public:
  /// As posts::PageCache, whose memory of posts this uses.
  PostPageCache(posts::Posts& posts, posts::PageCache& shown, comments::Comments& comments, likes::Likes& likes,
                std::chrono::milliseconds ttl);

  /// As posts::Posts::read. `number`: the page of threads; 0: the last. `from`: as comments::Comments::threads.
  async<Result<PostPageData>> read(const web::Context& ctx, PostId id, std::int64_t number, CommentId from);
  /// As posts::PageCache::invalidate_all and invalidate.
  void invalidate_all();
  void invalidate(PostId id);
  /// As posts::PageCache::waiting, without those.
  std::size_t waiting() const noexcept { return threads_.waiting() + likers_.waiting(); }
  std::vector<cache::LocalCacheStats> cache_stats() const { return {threads_.stats(), likers_.stats()}; }

 private:
  using ThreadsKey = std::tuple<PostId, std::int64_t, CommentId>;  // as read()

  async<std::shared_ptr<const CachedThreads>> threads(const web::Context& ctx, PostId id, MemberId author,
                                                      std::int64_t number, CommentId from);
  async<std::shared_ptr<const likes::Likers>> likers(const web::Context& ctx, PostId id);
  /// As likes::Likes::of.
  async<std::vector<std::int64_t>> liked(const web::Context& ctx, PostId id);

  posts::Posts& posts_;
  posts::PageCache& page_cache_;
  comments::Comments& comments_;
  likes::Likes& likes_;
  cache::LocalCache<ThreadsKey, std::shared_ptr<const CachedThreads>, cache::TupleHash> threads_;
  cache::LocalCache<PostId, std::shared_ptr<const likes::Likers>> likers_;
};

}  // namespace ms::site
