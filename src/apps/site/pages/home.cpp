#include <algorithm>

#include "apps/site/pages/home.html.hpp"
#include "apps/site/pages/home_page_cache.hpp"
#include "apps/site/pages/pages.hpp"
#include "infra/web/context.hpp"

namespace ms::site {
namespace {

async<http::Response> show_home(web::Context& ctx, HomePageCache& cache, boards::Boards& boards,
                                presence::Presence& presence) {
  const auto remembered = co_await cache.cards(ctx);
  const auto here = co_await presence.counts(ctx.call, ctx.now);
  const auto directory = co_await boards.all(ctx.call);
  std::vector<const HomeCard*> cards;
  cards.reserve(remembered->size());
  for (const boards::Board& board : directory->all()) {
    if (!board.on_home || !board.readable(ctx.viewer)) continue;
    const auto card = std::ranges::find(*remembered, board.id, &HomeCard::board);
    if (card != remembered->end()) cards.push_back(&*card);
  }
  co_return ctx.page({.title = {}, .open = true, .canonical = "/"},
                     [&](view::Out& out) { home(out, *ctx.shell.site, cards, here, ctx.viewer.signed_in()); });
}

}  // namespace

void add_home_routes(web::Router& router, HomePageCache& cache, boards::Boards& boards, presence::Presence& presence) {
  router.get("/", [&](web::Context& ctx) { return show_home(ctx, cache, boards, presence); });
}

}  // namespace ms::site
