#include "apps/site/pages/post_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/site/pages/pages.hpp"
#include "apps/site/pages/post_page.html.hpp"
#include "apps/site/pages/post_page_cache.hpp"
#include "features/notifications/notifications.hpp"
#include "infra/web/context.hpp"

namespace ms::site {
namespace {

std::optional<CommentId> comment_id(const http::Form& form, std::string_view name) {
  const auto number = form.number(name);
  if (!number || *number <= 0) return std::nullopt;
  return CommentId{*number};
}

/// The page of threads that holds the comment; 0, the last page, when it is not a comment of this post.
async<std::int64_t> page_of(web::Context& ctx, comments::Comments& comments, PostId post, std::optional<CommentId> id) {
  if (!id) co_return 0;
  const auto place = co_await comments.place(ctx.call, ctx.viewer, *id);
  co_return place && place->post == post ? place->page : 0;
}

/// The comment, if it is on the page and can be replied to there.
std::optional<CommentId> shown(const comments::Threads& threads, std::optional<CommentId> id) {
  const bool found =
      std::ranges::any_of(threads.comments, [&](const auto& one) { return one.id == id && one.shown(); });
  return found ? id : std::nullopt;
}

async<http::Response> show_post(web::Context& ctx, posts::Posts& posts, PostPageCache& cache,
                                comments::Comments& comments, boards::Boards& boards) {
  const auto directory = co_await boards.all(ctx.call);
  const PostId id{ctx.params.number("id")};
  const auto reply_to = comment_id(ctx.query(), "reply");
  const auto wanted = reply_to ? reply_to : comment_id(ctx.query(), "comment");
  const auto place = co_await page_of(ctx, comments, id, wanted);
  const auto asked = ctx.query().number("comments");
  const auto from = comment_id(ctx.query(), "from").value_or(CommentId());
  const bool fresh = ctx.read_your_writes();
  auto seen = co_await cache.read(ctx.call, fresh, ctx.viewer, id, asked.value_or(place), from);
  // A page that is too long for all of its threads begins with the linked comment.
  const bool beyond = seen && wanted && place > 0 && !seen->threads->holds(*wanted);
  if (beyond) seen = co_await cache.read(ctx.call, fresh, ctx.viewer, id, place, *wanted);
  if (!seen) co_return ctx.error_response(seen.error());
  posts.count_view(ctx, id, seen->reading->post.author);
  const posts::Post& post = seen->reading->post;
  const boards::Board* board = directory->find(post.board);
  if (board == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "posts.gone"_msg));
  if (board->slug != ctx.params.get("slug")) {
    co_return ctx.permanent_redirect(fmt::format("/boards/{}/{}", board->slug, id.value));
  }
  const std::string path = fmt::format("/boards/{}/{}", board->slug, id.value);
  const std::span<const view::SafeHtml> common =
      seen->common ? std::span(*seen->common) : std::span<const view::SafeHtml>();
  const comments::ShownThreads threads{*seen->threads, common, seen->liked};
  const std::int64_t shown_page = threads.threads.number;
  if (asked && *asked != shown_page) co_return ctx.redirect(fmt::format("{}?comments={}", path, shown_page));
  const auto open = shown(threads.threads, reply_to);
  const bool liked = std::ranges::find(seen->liked, 0) != seen->liked.end();
  const PostPage page{*seen->reading, seen->views, liked, *board, threads, ctx.viewer, ctx.now, open};
  const bool everybodys = board->read_role == 0;
  co_return ctx.page({.title = post.title, .description = board->name, .open = everybodys, .canonical = path},
                     [&](view::Out& out) { post_page(out, page); });
}

/// The address of a comment that was just written, or written by an earlier request. It usually costs no query, because
/// the post was read before.
async<std::string> path_of(web::Context& ctx, posts::Posts& posts, boards::Boards& boards, PostId post, CommentId id) {
  const auto origin = co_await posts.find_ref(ctx.call, ctx.viewer, post);
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = origin ? directory->find(origin->board) : nullptr;
  if (board == nullptr) co_return fmt::format("/comments/{}", id.value);  // which answers that the post is gone
  co_return comments::path_of(*board, post, id);
}

async<http::Response> post_comment(web::Context& ctx, posts::Posts& posts, comments::Comments& comments,
                                   boards::Boards& boards, notifications::Notifications& notifications) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const comments::Draft draft{.post = PostId{ctx.params.number("id")},
                              .parent = comment_id(*form, "parent_id"),
                              .content = unicode::Text(form->get("content")),
                              .unresolved = notifications::shown_mentions(*form)};
  const auto written = co_await comments.write(ctx.call, ctx.viewer, draft);
  if (written) {
    const std::string path = co_await path_of(ctx, posts, boards, draft.post, written->id);
    co_return ctx.redirect(path, "flash.comment_written"_msg);
  }
  const bool show_again = written.error().code == ErrorCode::invalid || written.error().code == ErrorCode::not_found;
  if (!show_again) co_return ctx.error_response(written.error());
  // Shows the page again with the text, below the comment that it replies to if that still exists. If the post itself
  // is gone, that is the response.
  const auto directory = co_await boards.all(ctx.call);
  const auto reading = co_await posts.read(ctx.call, ctx.viewer, draft.post);
  if (!reading) co_return ctx.error_response(reading.error());
  const boards::Board* board = directory->find(reading->post.board);
  if (board == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "posts.gone"_msg));
  const auto number = co_await page_of(ctx, comments, draft.post, draft.parent);
  const auto from = number > 0 ? draft.parent.value_or(CommentId()) : CommentId();
  auto rows = co_await comments.threads(ctx.call, ctx.viewer, draft.post, number);
  if (from && !rows.holds(from)) rows = co_await comments.threads(ctx.call, ctx.viewer, draft.post, number, from);
  const comments::ShownThreads threads{rows};
  const posts::Post& post = reading->post;
  const auto unresolved = co_await notifications.unresolved(ctx.call, draft.content);
  const comments::FormState comment{&written.error(), draft.content.text(), unresolved};
  const PostPage page{*reading, post.views, post.liked, *board, threads, ctx.viewer, ctx.now, shown(rows, draft.parent),
                      comment};
  co_return ctx.page(
      {post.title}, [&](view::Out& out) { post_page(out, page); }, static_cast<int>(written.error().code));
}

}  // namespace

void add_post_page_routes(web::Router& router, posts::Posts& posts, PostPageCache& cache, comments::Comments& comments,
                          boards::Boards& boards, notifications::Notifications& notifications) {
  router.get("/boards/{slug}/{id}", [&](web::Context& ctx) { return show_post(ctx, posts, cache, comments, boards); });
  router.post("/posts/{id}/comments",
              [&](web::Context& ctx) { return post_comment(ctx, posts, comments, boards, notifications); });
}

}  // namespace ms::site
