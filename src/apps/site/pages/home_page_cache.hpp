#pragma once
#include <chrono>
#include <memory>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/posts/posts.hpp"
#include "infra/cache/local_cache.hpp"
#include "infra/view/out.hpp"
#include "infra/web/context.hpp"

namespace ms::site {

/// A board with its newest posts on the home page: the same for all viewers who may read it.
struct HomeCard {
  BoardId board;
  view::SafeHtml html;
};

/// This thread's cache of the home page's cards, like posts::PageCache.
class HomePageCache {
 public:
  HomePageCache(posts::Posts& posts, boards::Boards& boards, std::chrono::milliseconds ttl);

  /// The cards of all boards that members of the viewer's rank may read; the page checks the viewer's own rights.
  async<std::shared_ptr<const std::vector<HomeCard>>> cards(const web::Context& ctx);
  /// Like posts::PageCache::invalidate_all.
  void invalidate_all() { cards_.invalidate_all(); }
  /// Like posts::PageCache::waiting.
  std::size_t waiting() const noexcept { return cards_.waiting(); }
  const cache::LocalCacheStats& cache_stats() const noexcept { return cards_.stats(); }

 private:
  posts::Posts& posts_;
  boards::Boards& boards_;
  cache::LocalCache<int, std::shared_ptr<const std::vector<HomeCard>>> cards_;  ///< by rank
};

}  // namespace ms::site
