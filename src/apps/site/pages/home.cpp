#include "apps/site/pages/home.html.hpp"
#include "apps/site/pages/pages.hpp"
#include "features/posts/shown.hpp"
#include "infra/web/context.hpp"

namespace ms::site {
namespace {

async<http::Response> show_home(web::Context& ctx, posts::Shown& shown, boards::Boards& boards,
                                presence::Presence& presence) {
  const auto directory = co_await boards.all(ctx.call);
  const auto recent = co_await shown.recent(ctx.call, ctx.just_wrote(), ctx.viewer.rank());
  const auto here = co_await presence.counts(ctx.call, ctx.now);
  std::vector<HomeBoard> cards;
  for (const boards::Board& board : directory->all()) {
    if (!board.on_home || !board.readable(ctx.viewer)) continue;
    HomeBoard card{&board, {}};
    for (const posts::Recent& post : *recent) {
      if (post.board == board.id) card.posts.push_back(&post);
    }
    cards.push_back(std::move(card));
  }
  co_return ctx.page({},
                     [&](view::Out& out) { home(out, *ctx.shell.site, cards, here, ctx.viewer.signed_in(), ctx.now); });
}

}  // namespace

void add_home_routes(web::Router& router, posts::Shown& shown, boards::Boards& boards, presence::Presence& presence) {
  router.get("/", [&](web::Context& ctx) { return show_home(ctx, shown, boards, presence); });
}

}  // namespace ms::site
