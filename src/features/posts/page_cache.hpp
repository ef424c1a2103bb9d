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

/// A page of a board's list as it was read, and its lines as everybody who may read the board sees them.
struct CachedPage {
  Page page;
  view::SafeHtml table;
};

/// What the Site's pages show of posts: what was read for a page serves the next ones of the same thread, until
/// anything changes. `bypass_cache`: for who has just changed something, whose next page may come before its
/// publication.
class PageCache {
 public:
  /// Nothing is shown for longer than `ttl` after it was read.
  PageCache(Posts& posts, std::chrono::milliseconds ttl);

  /// As Posts::page.
  async<std::shared_ptr<const CachedPage>> page(const Call& call, bool bypass_cache, const boards::Board& board,
                                                std::int64_t number);
  /// As Posts::read, as nobody in particular reads it (`liked` is false); counts no reader.
  async<Result<std::shared_ptr<const Reading>>> read(const Call& call, bool bypass_cache, const session::Viewer& viewer,
                                                     PostId id);

  /// Something changed, or may have: of posts, boards, comments, likes or names.
  void invalidate_all();
  /// A post has another text, other likes or comments.
  void invalidate(PostId id);
  /// A board has other posts, titles or notices.
  void invalidate(BoardId board);
  /// Requests that wait for what another one reads.
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
