#pragma once
#include <chrono>
#include <memory>

#include "features/posts/posts.hpp"
#include "infra/cache/memory.hpp"
#include "infra/view/out.hpp"

namespace ms::posts {

/// A page of a board's list as it was read, and its lines as everybody who may read the board sees them.
struct CachedPage {
  Page page;
  view::SafeHtml table;
};

/// What the Site's pages show of posts: what was read for a page serves the next ones of the same thread, until
/// anything changes. `exact`: for who has just changed something, whose next page may come before the hint of it.
class PageCache {
 public:
  /// Nothing is shown for longer than `kept` after it was read.
  PageCache(asio::io_context& io, Posts& posts, std::chrono::milliseconds kept)
      : posts_(posts), pages_(io, kept, kMaxPages), readings_(io, kept, kMaxPosts) {}

  /// As Posts::page.
  async<std::shared_ptr<const CachedPage>> page(const Call& call, bool bypass_cache, const boards::Board& board,
                                                std::int64_t number);
  /// As Posts::read, as nobody in particular reads it (`liked` is false); counts no reader.
  async<Result<std::shared_ptr<const Reading>>> read(const Call& call, bool bypass_cache, const session::Viewer& viewer,
                                                     PostId id);

  /// Something changed, or may have: of posts, boards, comments, likes or names.
  void forget();
  /// A post has another text, other likes or comments.
  void forget(PostId id);
  /// A board has other posts, titles or notices.
  void forget(BoardId board);
  /// Requests that wait for what another one reads.
  std::size_t waiting() const noexcept { return pages_.waiting() + readings_.waiting(); }

 private:
  static constexpr std::size_t kMaxPages = 300;  // of 20 lines and their HTML: 7 MB
  static constexpr std::size_t kMaxPosts = 200;  // of 50,000 characters at most, a few KB as a rule

  Posts& posts_;
  cache::Memory<CachedPage> pages_;
  cache::Memory<Reading> readings_;
};

}  // namespace ms::posts
