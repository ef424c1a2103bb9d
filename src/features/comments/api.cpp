#include <fmt/format.h>

#include <boost/json.hpp>

#include "features/comments/comments.hpp"
#include "features/notifications/notifications.hpp"
#include "infra/web/context.hpp"
#include "infra/web/json_fields.hpp"
#include "infra/web/json_list.hpp"

// Comments of a post: /api/v1/posts/{id}/comments.
namespace ms::comments {
namespace {

namespace json = boost::json;

/// A removed comment is only a gap with replies below it: its content is not shown.
json::object comment_json(const Comment& comment) {
  json::object out{{"id", comment.id.value},  {"post_id", comment.post.value},
                   {"parent_id", nullptr},    {"removed", !comment.shown()},
                   {"author", nullptr},       {"content", nullptr},
                   {"content_html", nullptr}, {"created_at", rfc3339(comment.created)},
                   {"updated_at", nullptr},   {"likes", 0},
                   {"liked", false}};
  if (comment.parent) out["parent_id"] = comment.parent->value;
  if (!comment.shown()) return out;
  out["author"] = json::object{{"id", comment.author.value}, {"name", comment.author_name}};
  out["content"] = comment.content;
  out["likes"] = comment.likes;
  out["liked"] = comment.liked;
  out["content_html"] = comment.content_html.html();
  if (comment.updated) out["updated_at"] = rfc3339(*comment.updated);
  return out;
}

PostId post_of(const web::Context& ctx) { return PostId{ctx.params.number("id")}; }

async<http::Response> list(web::Context& ctx, Comments& comments, posts::Posts& posts) {
  const auto post = co_await posts.find(ctx.call, ctx.viewer, post_of(ctx));
  if (!post) co_return ctx.error_response(post.error());
  const auto number = web::page_number(ctx.query());
  if (!number) co_return ctx.error_response(number.error());
  const std::int64_t from = ctx.query().number("from").value_or(0);
  if (from < 0 || (ctx.query().has("from") && from == 0)) {
    co_return ctx.error_response(Error(ErrorCode::invalid, "error.invalid"_msg, {{"from", "api.not_id"_msg}}));
  }
  const Threads threads = co_await comments.threads(ctx.call, ctx.viewer, post->id, *number, CommentId{from});
  json::array items;
  json::array more;
  for (std::size_t at = 0; at < threads.comments.size(); ++at) {
    items.push_back(comment_json(threads.comments[at]));
    if (threads.ends_cut(at)) more.emplace_back(threads.comments[at].cut.value);
  }
  if (threads.next) more.emplace_back(threads.next.value);
  json::object out = web::json_list(std::move(items), threads.number, threads.last, threads.total);
  out["more"] = std::move(more);
  co_return ctx.json(200, out);
}

/// The comment that an earlier request wrote.
async<Result<Comments::Written>> read_written(const Call& call, const session::Viewer& viewer, Comments& comments,
                                              CommentId id) {
  auto comment = co_await comments.find(call, viewer, id);
  if (!comment) co_return Unexpected(comment.error());
  const auto place = co_await comments.place(call, viewer, id);
  if (!place) co_return Unexpected(place.error());
  co_return Comments::Written{id, std::move(*comment), place->page};
}

async<http::Response> write(web::Context& ctx, Comments& comments, posts::Posts& posts,
                            notifications::Notifications& notifications) {
  const auto post = co_await posts.find_ref(ctx.call, ctx.viewer, post_of(ctx));
  if (!post) co_return ctx.error_response(post.error());
  auto body = ctx.json_body();
  if (!body) co_return ctx.error_response(body.error());
  web::JsonFields fields(std::move(*body));
  Draft draft;
  draft.post = post_of(ctx);
  draft.content = unicode::Text(fields.text("content"));
  if (const auto parent = fields.optional_id("parent_id")) draft.parent = CommentId{*parent};
  if (auto ok = fields.finish(); !ok) co_return ctx.error_response(ok.error());
  auto written = co_await comments.write(ctx.call, ctx.viewer, std::move(draft));
  if (written && !written->comment) written = co_await read_written(ctx.call, ctx.viewer, comments, written->id);
  if (!written) co_return ctx.error_response(written.error());
  json::object out = comment_json(*written->comment);
  const auto unresolved = co_await notifications.unresolved(ctx.call, written->comment->content);
  out["unresolved_mentions"] = json::array(unresolved.begin(), unresolved.end());
  http::Response response = ctx.json(201, out);
  response.set("Location", fmt::format("/api/v1/posts/{}/comments?page={}", post_of(ctx).value, written->page));
  co_return response;
}

}  // namespace

void add_api_routes(web::Router& router, Comments& comments, posts::Posts& posts,
                    notifications::Notifications& notifications) {
  router.get("/api/v1/posts/{id}/comments", [&](web::Context& ctx) { return list(ctx, comments, posts); });
  router.post("/api/v1/posts/{id}/comments",
              [&](web::Context& ctx) { return write(ctx, comments, posts, notifications); });
}

}  // namespace ms::comments
