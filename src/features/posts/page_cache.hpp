#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <tuple>

#include "features/posts/posts.hpp"
#include "infra/cache/local_cache.hpp"
#include "infra/view/out.hpp"

namespace ms::posts {

/// A page of a board's list, and its HTML, which is the same for everybody who may read the board.
struct CachedPage {
  Page page;
  view::SafeHtml table;
};

/// The local cache of the pages of boards' lists: a value serves the next requests of the same thread until it
/// changes. `bypass_cache`: for a viewer who has just changed something, whose next request may precede the
/// publication.
class PageCache {
 public:
  /// No value is older than `ttl`.
  PageCache(Posts& posts, std::chrono::milliseconds ttl);

  /// As Posts::page.
  async<std::shared_ptr<const CachedPage>> page(const Call& call, bool bypass_cache, const boards::Board& board,
                                                std::int64_t number);
  /// Posts, boards, comments, likes or names changed, or may have.
  void invalidate_all();
  /// The text, likes or comments of a post changed.
  void invalidate(PostId id);
  /// The posts, titles or notices of a board changed.
  void invalidate(BoardId board);
  /// Requests that wait for another request's load.
  std::size_t waiting() const noexcept { return pages_.waiting(); }
  const cache::LocalCacheStats& cache_stats() const noexcept { return pages_.stats(); }

 private:
  using PageKey = std::tuple<BoardId, std::int64_t>;  // board, number

  Posts& posts_;
  cache::LocalCache<PageKey, std::shared_ptr<const CachedPage>, cache::TupleHash> pages_;
};

}  // namespace ms::posts
