#include "apps/site/pages/home_page_cache.hpp"

#include "apps/site/pages/home.html.hpp"

namespace ms::site {
namespace {

constexpr std::size_t kMaxBytes = 2 << 20;  // of four ranks, some 10 KB each

std::size_t heap_bytes(const int&, const std::shared_ptr<const std::vector<HomeCard>>& cards) {
  std::size_t bytes = cards->capacity() * sizeof(HomeCard);
  for (const HomeCard& card : *cards) bytes += card.html.html().size();
  return bytes;
}

async<std::shared_ptr<const std::vector<HomeCard>>> load_cards(posts::Posts& posts, boards::Boards& boards,
                                                               const Call& call, int rank) {
  const auto recent = co_await posts.recent(call, rank);
  const auto directory = co_await boards.all(call);
  std::vector<HomeCard> cards;
  for (const boards::Board& board : directory->all()) {
    if (!board.on_home || board.read_role > rank) continue;
    std::vector<const posts::Recent*> of_board;
    for (const posts::Recent& post : recent) {
      if (post.board == board.id) of_board.push_back(&post);
    }
    cards.push_back({board.id, view::written([&](view::Out& out) { home_card(out, board, of_board, now()); })});
  }
  co_return std::make_shared<const std::vector<HomeCard>>(std::move(cards));
}

}  // namespace

HomePageCache::HomePageCache(posts::Posts& posts, boards::Boards& boards, std::chrono::milliseconds ttl)
    : posts_(posts),
      boards_(boards),
      cards_({.name = "home", .max_bytes = kMaxBytes, .ttl = ttl, .heap_bytes = heap_bytes}) {}

async<std::shared_ptr<const std::vector<HomeCard>>> HomePageCache::cards(const web::Context& ctx) {
  const int rank = ctx.viewer.rank();
  const auto load = [this, &ctx, rank] { return load_cards(posts_, boards_, ctx.call, rank); };
  if (ctx.read_your_writes()) co_return co_await load();
  if (const auto* cached = cards_.find(rank)) co_return *cached;
  auto cards = co_await cards_.load(ctx.call, rank, load);
  co_return cards;
}

}  // namespace ms::site
