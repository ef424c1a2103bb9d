#pragma once
#include <memory>
#include <chrono>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/posts/posts.hpp"
#include "infra/cache/memory.hpp"
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
  HomePageCache(asio::io_context& io, posts::Posts& posts, boards::Boards& boards, std::chrono::milliseconds kept)
      : posts_(posts), boards_(boards), cards_(io, kept, kMaxRanks) {}

  /// Of the boards that somebody of the visitor's rank may read. Rights are asked where they are shown.
  async<std::shared_ptr<const std::vector<HomeCard>>> cards(const web::Context& ctx);
  /// As posts::PageCache::forget.
  void forget() { cards_.forget(); }
  /// As posts::PageCache::waiting.
  std::size_t waiting() const noexcept { return cards_.waiting(); }

 private:
  static constexpr std::size_t kMaxRanks = 10;  // there are four

  posts::Posts& posts_;
  boards::Boards& boards_;
  cache::Memory<std::vector<HomeCard>> cards_;
};

}  // namespace ms::site
