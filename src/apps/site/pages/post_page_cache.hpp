#pragma once
#include <memory>
#include <chrono>
#include <cstdint>
#include <vector>

#include "features/comments/comments.hpp"
#include "features/likes/likes.hpp"
#include "features/posts/page_cache.hpp"
#include "infra/cache/memory.hpp"
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
  PostPageCache(asio::io_context& io, posts::Posts& posts, posts::PageCache& shown, comments::Comments& comments,
                likes::Likes& likes, std::chrono::milliseconds kept)
      : posts_(posts),
        page_cache_(shown),
        comments_(comments),
        likes_(likes),
        threads_(io, kept, kMaxThreads),
        likers_(io, kept, kMaxPosts) {}

  /// As posts::Posts::read. `number`: the page of threads; 0: the last. `from`: as comments::Comments::threads.
  async<Result<PostPageData>> read(const web::Context& ctx, PostId id, std::int64_t number, CommentId from);
  /// As posts::PageCache::forget.
  void forget();
  void forget(PostId id);
  /// As posts::PageCache::waiting, without those.
  std::size_t waiting() const noexcept { return threads_.waiting() + likers_.waiting(); }

 private:
  static constexpr std::size_t kMaxThreads = 200;
  static constexpr std::size_t kMaxPosts = 200;

  async<std::shared_ptr<const CachedThreads>> threads(const web::Context& ctx, PostId id, MemberId author,
                                                      std::int64_t number, CommentId from);
  /// As likes::Likes::of.
  async<std::vector<std::int64_t>> liked(const web::Context& ctx, PostId id);

  posts::Posts& posts_;
  posts::PageCache& page_cache_;
  comments::Comments& comments_;
  likes::Likes& likes_;
  cache::Memory<CachedThreads> threads_;
  cache::Memory<likes::Likers> likers_;
};

}  // namespace ms::site
