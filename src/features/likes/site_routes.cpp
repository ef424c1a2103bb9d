#include <fmt/format.h>

#include "features/likes/button.html.hpp"
#include "features/likes/likes.hpp"
#include "infra/web/context.hpp"

namespace ms::likes {
namespace {

constexpr std::string_view kTurboStream = "text/vnd.turbo-stream.html";

/// The page that shows it, at the button.
std::string place(const Liked& what, const boards::Directory& directory) {
  if (what.comment) return fmt::format("/comments/{}", what.comment->value);
  const boards::Board* board = directory.find(what.board);
  return fmt::format("/boards/{}/{}#like-p{}", board == nullptr ? "" : board->slug, what.post.value, what.post.value);
}

template <class Id>
async<http::Response> change(web::Context& ctx, Likes& likes, boards::Boards& boards, bool liked) {
  const auto found = co_await likes.find(ctx.call, ctx.viewer, Id{ctx.params.number("id")});
  if (!found) co_return ctx.error_response(found.error());
  const auto directory = co_await boards.all(ctx.call);
  if (!ctx.viewer.signed_in()) {
    co_return ctx.redirect("/login?next=" + http::percent_encode(place(*found, *directory)));
  }
  const auto now = co_await likes.set(ctx.call, ctx.viewer, *found, liked);
  if (!now) co_return ctx.error_response(now.error());
  if (!ctx.request.header("accept").contains(kTurboStream)) co_return ctx.redirect(place(*now, *directory));
  view::Out out(1024);
  out.set_viewer(ctx.viewer.id);
  button_again(out, *now);
  http::Response response = http::Response::text(200, fmt::format("{}; charset=utf-8", kTurboStream), out.take());
  response.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

void add_site_routes(web::Router& router, Likes& likes, boards::Boards& boards) {
  router.post("/posts/{id}/like", [&](web::Context& ctx) { return change<PostId>(ctx, likes, boards, true); });
  router.post("/posts/{id}/unlike", [&](web::Context& ctx) { return change<PostId>(ctx, likes, boards, false); });
  router.post("/comments/{id}/like", [&](web::Context& ctx) { return change<CommentId>(ctx, likes, boards, true); });
  router.post("/comments/{id}/unlike", [&](web::Context& ctx) { return change<CommentId>(ctx, likes, boards, false); });
}

}  // namespace ms::likes
