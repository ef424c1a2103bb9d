#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

#include "features/posts/posts.hpp"
#include "infra/cache/local_cache.hpp"
#include "infra/view/out.hpp"

namespace ms::posts {

/// A page of a board's list, and its HTML, which is the same for everybody who may read the board.
struct CachedPage {
  Page page;
  view::SafeHtml table;
};

/// The local cache of what the Site's pages show of posts: a value serves the next requests of the same thread until it
/// changes. `bypass_cache`: for a viewer who has just changed something, whose next request may precede the
/// publication.
class PageCache {
 public:
  /// No value is older than `ttl`.
  PageCache(Posts& posts, std::chrono::milliseconds ttl);

  /// As Posts::page.
  async<std::shared_ptr<const CachedPage>> page(const Call& call, bool bypass_cache, const boards::Board& board,
                                                std::int64_t number);
  /// As Posts::read, without a viewer's own state (`liked` is false); counts no view.
  async<Result<std::shared_ptr<const Reading>>> read(const Call& call, bool bypass_cache, const session::Viewer& viewer,
                                                     PostId id);

  /// Posts, boards, comments, likes or names changed, or may have.
  void invalidate_all();
  /// The text, likes or comments of a post changed.
  void invalidate(PostId id);
  /// The posts, titles or notices of a board changed.
  void invalidate(BoardId board);
  /// Requests that wait for another request's load.
  std::size_t waiting() const noexcept { return pages_.waiting() + readings_.waiting(); }
  std::vector<cache::LocalCacheStats> cache_stats() const { return {pages_.stats(), readings_.stats()}; }

 private:
  using PageKey = std::tuple<BoardId, std::int64_t>;  // board, number

  async<std::shared_ptr<const Reading>> reading(const Call& call, bool bypass_cache, PostId id);

  Posts& posts_;
  cache::LocalCache<PageKey, std::shared_ptr<const CachedPage>, cache::TupleHash> pages_;
  cache::LocalCache<PostId, std::shared_ptr<const Reading>> readings_;
};

}  // namespace ms::posts
