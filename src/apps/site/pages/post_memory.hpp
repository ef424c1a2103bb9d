#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "features/comments/comments.hpp"
#include "features/likes/likes.hpp"
#include "features/posts/shown.hpp"
#include "infra/cache/memory.hpp"
#include "infra/web/context.hpp"

namespace ms::site {

/// A page of threads as it was read, and each comment as most members see it.
struct RememberedThreads {
  comments::Threads rows;
  std::vector<view::SafeHtml> common;
};

/// A post with a page of its threads, which are everybody's, and what one reader sees of them.
struct Seen {
  std::shared_ptr<const posts::Reading> reading;
  std::shared_ptr<const RememberedThreads> threads;
  std::int64_t views;               ///< with those not written down yet
  std::vector<std::int64_t> liked;  ///< as likes::Likes::of
};

/// The page of a post out of this thread's memory: the post and its comments, which are the same for everybody, and
/// who likes what of them.
class PostMemory {
 public:
  /// As posts::Shown, whose memory of posts this uses.
  PostMemory(asio::io_context& io, posts::Posts& posts, posts::Shown& shown, comments::Comments& comments,
             likes::Likes& likes, std::chrono::milliseconds kept)
      : posts_(posts),
        shown_(shown),
        comments_(comments),
        likes_(likes),
        threads_(io, kept, kMostThreads),
        likers_(io, kept, kMostPosts) {}

  /// As posts::Posts::read. `number`: the page of threads; 0: the last. `from`: as comments::Comments::threads.
  async<Result<Seen>> read(const web::Context& ctx, PostId id, std::int64_t number, CommentId from);
  /// As posts::Shown::forget.
  void forget();
  void forget(PostId id);
  /// As posts::Shown::waiting, without those.
  std::size_t waiting() const noexcept { return threads_.waiting() + likers_.waiting(); }

 private:
  static constexpr std::size_t kMostThreads = 200;
  static constexpr std::size_t kMostPosts = 200;

  async<std::shared_ptr<const RememberedThreads>> threads(const web::Context& ctx, PostId id, UserId author,
                                                          std::int64_t number, CommentId from);
  /// As likes::Likes::of.
  async<std::vector<std::int64_t>> liked(const web::Context& ctx, PostId id);

  posts::Posts& posts_;
  posts::Shown& shown_;
  comments::Comments& comments_;
  likes::Likes& likes_;
  cache::Memory<RememberedThreads> threads_;
  cache::Memory<likes::Likers> likers_;
};

}  // namespace ms::site
