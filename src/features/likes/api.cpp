#include <boost/json.hpp>

#include "features/likes/likes.hpp"
#include "infra/web/context.hpp"

// /api/v1/posts/{id}/like and /api/v1/comments/{id}/like: PUT likes it, DELETE takes the like back.
namespace ms::likes {
namespace {

template <class Id>
async<http::Response> change(web::Context& ctx, Likes& likes, bool liked) {
  const auto found = co_await likes.find(ctx.call, ctx.viewer, Id{ctx.params.number("id")});
  if (!found) co_return ctx.error_response(found.error());
  const auto now = co_await likes.set(ctx.call, ctx.viewer, *found, liked);
  if (!now) co_return ctx.error_response(now.error());
  co_return ctx.json(200, boost::json::object{{"likes", now->likes}, {"liked", now->liked}});
}

}  // namespace

void add_api_routes(web::Router& router, Likes& likes) {
  router.put("/api/v1/posts/{id}/like", [&](web::Context& ctx) { return change<PostId>(ctx, likes, true); });
  router.del("/api/v1/posts/{id}/like", [&](web::Context& ctx) { return change<PostId>(ctx, likes, false); });
  router.put("/api/v1/comments/{id}/like", [&](web::Context& ctx) { return change<CommentId>(ctx, likes, true); });
  router.del("/api/v1/comments/{id}/like", [&](web::Context& ctx) { return change<CommentId>(ctx, likes, false); });
}

}  // namespace ms::likes
