#include <boost/json.hpp>

#include "features/notifications/notifications.hpp"
#include "features/posts/posts.hpp"
#include "infra/core/text.hpp"
#include "infra/http/wire.hpp"
#include "infra/idempotency/idempotency.hpp"
#include "infra/web/context.hpp"
#include "infra/web/json_fields.hpp"
#include "infra/web/json_list.hpp"

// Posts: /api/v1/boards/{slug}/posts and /api/v1/posts/{id}.
namespace ms::posts {
namespace {

namespace json = boost::json;

json::object author_json(MemberId id, std::string_view name) { return {{"id", id.value}, {"name", name}}; }

json::array lines_json(const std::vector<PostSummary>& lines) {
  json::array out;
  for (const PostSummary& line : lines) {
    out.push_back(json::object{{"id", line.id.value},
                               {"number", line.number},
                               {"title", line.title},
                               {"author", author_json(line.author, line.author_name)},
                               {"created_at", rfc3339(line.created)},
                               {"notice", line.notice},
                               {"views", line.views},
                               {"comments", line.comments}});
  }
  return out;
}

json::object post_json(const Post& post, const boards::Board* board) {
  json::object out{{"id", post.id.value},
                   {"board", nullptr},
                   {"number", post.number},
                   {"title", post.title},
                   {"content", post.content},
                   {"content_html", post.content_html.html()},
                   {"author", author_json(post.author, post.author_name)},
                   {"created_at", rfc3339(post.created)},
                   {"updated_at", nullptr},
                   {"notice", post.notice},
                   {"views", post.views},
                   {"comments", post.comments},
                   {"likes", post.likes},
                   {"liked", post.liked},
                   {"attachments", files::to_json(post.attachments)}};
  if (board != nullptr) out["board"] = board->slug;
  if (post.updated) out["updated_at"] = rfc3339(*post.updated);
  return out;
}

/// RFC 9110 8.8.3: names what PATCH overwrites, title and text; views and likes do not change it.
std::string etag_of(const Post& post) { return "\"" + std::to_string(post.version) + "\""; }

/// Whether the request's If-Match, if it has one, lists the post as it is (RFC 9110 13.1.1).
bool matches(const web::Context& ctx, const Post& post) {
  const std::string_view condition = trim(ctx.request.header("if-match"));
  return condition.empty() || http::lists_tag(condition, etag_of(post));
}

Error changed() { return Error(ErrorCode::precondition_failed, "error.edited"_msg); }

PostId id_of(const web::Context& ctx) { return PostId{ctx.params.number("id")}; }

/// The whole post: the response of GET, and of POST and PATCH after they wrote. POST and PATCH pass `notifications` to
/// list mentions that name nobody.
async<http::Response> answer(web::Context& ctx, Posts& posts, boards::Boards& boards, PostId id, int status,
                             notifications::Notifications* notifications = nullptr) {
  const auto reading = co_await posts.read(ctx.call, ctx.viewer, id);
  if (!reading) co_return ctx.error_response(reading.error());
  const auto directory = co_await boards.all(ctx.call);
  const Post& post = reading->post;
  posts.count_view(ctx, id, post.author);
  json::object body = post_json(post, directory->find(post.board));
  if (notifications != nullptr) {
    const auto unresolved = co_await notifications->unresolved(ctx.call, post.content);
    body["unresolved_mentions"] = json::array(unresolved.begin(), unresolved.end());
  }
  http::Response response = ctx.json(status, body);
  response.set("ETag", etag_of(post));
  if (status == 201) response.set("Location", "/api/v1/posts/" + std::to_string(id.value));
  co_return response;
}

async<http::Response> list(web::Context& ctx, Posts& posts, boards::Boards& boards) {
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = directory->find(ctx.params.get("slug"));
  if (auto ok = may_read(ctx.viewer, board); !ok) co_return ctx.error_response(ok.error());
  const auto number = web::page_number(ctx.query());
  if (!number) co_return ctx.error_response(number.error());
  const Page page = co_await posts.page(ctx.call, *board, *number);
  json::object out = web::json_list(lines_json(page.lines), page.number, page.last, page.total);
  out["notices"] = lines_json(page.pinned);
  co_return ctx.json(200, out);
}

async<http::Response> write(web::Context& ctx, Posts& posts, boards::Boards& boards,
                            notifications::Notifications& notifications) {
  // A repetition: the board's address may have changed since.
  if (const auto first = idempotency::previous_result(ctx.call)) {
    co_return co_await answer(ctx, posts, boards, PostId{*first}, 201, &notifications);
  }
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = directory->find(ctx.params.get("slug"));
  if (auto ok = may_read(ctx.viewer, board); !ok) co_return ctx.error_response(ok.error());
  auto body = ctx.json_body();
  if (!body) co_return ctx.error_response(body.error());
  web::JsonFields fields(std::move(*body));
  Draft draft;
  draft.title = unicode::Line(fields.text("title"));
  draft.content = unicode::Text(fields.text("content"));
  if (auto ok = fields.finish(); !ok) co_return ctx.error_response(ok.error());
  const auto id = co_await posts.write(ctx.call, ctx.viewer, *board, std::move(draft));
  if (!id) co_return ctx.error_response(id.error());
  co_return co_await answer(ctx, posts, boards, *id, 201, &notifications);
}

async<http::Response> show(web::Context& ctx, Posts& posts, boards::Boards& boards) {
  co_return co_await answer(ctx, posts, boards, id_of(ctx), 200);
}

/// A field that the body omits stays unchanged (RFC 7396 for an object of two texts).
async<http::Response> edit(web::Context& ctx, Posts& posts, boards::Boards& boards,
                           notifications::Notifications& notifications) {
  auto body = ctx.json_body();
  if (!body) co_return ctx.error_response(body.error());
  web::JsonFields fields(std::move(*body));
  auto title = fields.optional_text("title");
  auto content = fields.optional_text("content");
  if (auto ok = fields.finish(); !ok) co_return ctx.error_response(ok.error());
  auto before = co_await posts.read(ctx.call, ctx.viewer, id_of(ctx));
  if (!before) co_return ctx.error_response(before.error());
  Post& post = before->post;
  if (!idempotency::previous_result(ctx.call) && !matches(ctx, post)) co_return ctx.error_response(changed());
  // Also without If-Match: omitted fields keep the text that was read, so nothing may have been written since.
  Draft draft{title.value_or(std::move(post.title)), content.value_or(std::move(post.content)), post.notice,
              post.version};
  const auto done = co_await posts.edit(ctx.call, ctx.viewer, post.id, std::move(draft));
  if (!done && done.error().code == ErrorCode::conflict) co_return ctx.error_response(changed());
  if (!done) co_return ctx.error_response(done.error());
  co_return co_await answer(ctx, posts, boards, post.id, 200, &notifications);
}

async<http::Response> remove(web::Context& ctx, Posts& posts) {
  std::optional<std::int64_t> version;
  if (!ctx.request.header("if-match").empty() && !idempotency::previous_result(ctx.call)) {
    const auto before = co_await posts.read(ctx.call, ctx.viewer, id_of(ctx));
    if (!before) co_return ctx.error_response(before.error());
    if (!matches(ctx, before->post)) co_return ctx.error_response(changed());
    version = before->post.version;
  }
  const auto done =
      co_await posts.remove(ctx.call, ctx.viewer, id_of(ctx), std::string(ctx.query().get("reason")), version);
  if (!done && done.error().code == ErrorCode::conflict) co_return ctx.error_response(changed());
  if (!done) co_return ctx.error_response(done.error());
  co_return http::Response(204);
}

}  // namespace

void add_api_routes(web::Router& router, Posts& posts, boards::Boards& boards,
                    notifications::Notifications& notifications) {
  router.get("/api/v1/boards/{slug}/posts", [&](web::Context& ctx) { return list(ctx, posts, boards); });
  router.post("/api/v1/boards/{slug}/posts",
              [&](web::Context& ctx) { return write(ctx, posts, boards, notifications); });
  router.get("/api/v1/posts/{id}", [&](web::Context& ctx) { return show(ctx, posts, boards); });
  router.patch("/api/v1/posts/{id}", [&](web::Context& ctx) { return edit(ctx, posts, boards, notifications); });
  router.del("/api/v1/posts/{id}", [&](web::Context& ctx) { return remove(ctx, posts); });
}

}  // namespace ms::posts
