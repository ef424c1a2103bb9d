#include "apps/site/pages/home_page_cache.hpp"

#include "apps/site/pages/home.html.hpp"

namespace ms::site {
namespace {

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

async<std::shared_ptr<const std::vector<HomeCard>>> HomePageCache::cards(const web::Context& ctx) {
  const int rank = ctx.viewer.rank();
  auto fill = [this, &ctx, rank] { return load_cards(posts_, boards_, ctx.call, rank); };
  auto cards = co_await cards_.get(ctx.call, ctx.read_your_writes(), std::to_string(rank), std::move(fill));
  co_return cards;
}

}  // namespace ms::site
