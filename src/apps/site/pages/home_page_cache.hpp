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

/// A board with its newest posts, as everybody who may read it sees it on the home page.
struct HomeCard {
  BoardId board;
  view::SafeHtml html;
};

/// The cards of the home page out of this thread's memory, as posts::PageCache.
class HomePageCache {
 public:
  HomePageCache(posts::Posts& posts, boards::Boards& boards, std::chrono::milliseconds ttl);

  /// Of the boards that somebody of the visitor's rank may read. Rights are asked where they are shown.
  async<std::shared_ptr<const std::vector<HomeCard>>> cards(const web::Context& ctx);
  /// As posts::PageCache::invalidate_all.
  void invalidate_all() { cards_.invalidate_all(); }
  /// As posts::PageCache::waiting.
  std::size_t waiting() const noexcept { return cards_.waiting(); }
  const cache::LocalCacheStats& cache_stats() const noexcept { return cards_.stats(); }

 private:
  posts::Posts& posts_;
  boards::Boards& boards_;
  cache::LocalCache<int, std::shared_ptr<const std::vector<HomeCard>>> cards_;  ///< by rank
};

}  // namespace ms::site
