#include <fmt/format.h>

#include "features/comments/comments.hpp"
#include "features/comments/edit.html.hpp"
#include "features/notifications/notifications.hpp"
#include "infra/web/context.hpp"

namespace ms::comments {
namespace {

CommentId id_of(const web::Context& ctx) { return CommentId{ctx.params.number("id")}; }

/// A link to one comment: redirects to its page of threads.
async<http::Response> redirect_to_page(web::Context& ctx, Comments& comments, boards::Boards& boards) {
  const CommentId id = id_of(ctx);
  const auto place = co_await comments.place(ctx.call, ctx.viewer, id);
  if (!place) co_return ctx.error_response(place.error());
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = directory->find(place->board);
  if (board == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "comments.gone"_msg));
  co_return ctx.redirect(path_of(*board, place->post, id));
}

async<http::Response> edit_form(web::Context& ctx, notifications::Notifications& notifications, const Comment& comment,
                                std::string_view content, const Error* error) {
  const auto unresolved = co_await notifications.unresolved(ctx.call, content);
  const FormState state{error, content, unresolved};
  co_return ctx.page(
      {tr("comments.edit_title"_msg)}, [&](view::Out& out) { edit_page(out, comment, state); },
      error == nullptr ? 200 : static_cast<int>(error->code));
}

async<http::Response> show_edit(web::Context& ctx, Comments& comments, notifications::Notifications& notifications) {
  const auto comment = co_await comments.own(ctx.call, ctx.viewer, id_of(ctx));
  if (!comment) co_return ctx.error_response(comment.error());
  co_return co_await edit_form(ctx, notifications, *comment, comment->content, nullptr);
}

async<http::Response> post_edit(web::Context& ctx, Comments& comments, notifications::Notifications& notifications) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const Comments::Edit edit{unicode::Text(form->get("content")), form->number("version"),
                            notifications::shown_mentions(*form)};
  const auto done = co_await comments.edit(ctx.call, ctx.viewer, id_of(ctx), edit);
  // Even if the comment is removed right afterwards, the edit is stored, and the response says so.
  if (done) co_return ctx.redirect(fmt::format("/comments/{}", id_of(ctx).value), "flash.saved"_msg);
  if (done.error().code != ErrorCode::invalid && done.error().code != ErrorCode::conflict)
    co_return ctx.error_response(done.error());
  const auto comment = co_await comments.own(ctx.call, ctx.viewer, id_of(ctx));
  if (!comment) co_return ctx.error_response(comment.error());
  co_return co_await edit_form(ctx, notifications, *comment, edit.content, &done.error());
}

async<http::Response> post_delete(web::Context& ctx, Comments& comments, boards::Boards& boards) {
  const CommentId id = id_of(ctx);
  const auto place = co_await comments.place(ctx.call, ctx.viewer, id);
  std::string reason;
  if (const auto form = ctx.form()) reason = form->get("reason");
  const auto done = co_await comments.remove(ctx.call, ctx.viewer, id, reason);
  if (!done) co_return ctx.error_response(done.error());
  // A repetition may find the post gone; its own act is done nevertheless.
  if (!place) co_return ctx.redirect("/", "flash.deleted"_msg);
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = directory->find(place->board);
  if (board == nullptr) co_return ctx.redirect("/", "flash.deleted"_msg);
  co_return ctx.redirect(fmt::format("/boards/{}/{}?comments={}#comments", board->slug, place->post.value, place->page),
                         "flash.deleted"_msg);
}

/// Sent repeatedly while a member types: stores nothing and shows nothing.
async<http::Response> post_typing(web::Context& ctx, Comments& comments) {
  const auto done = co_await comments.typing(ctx.call, ctx.viewer, PostId{ctx.params.number("id")});
  if (!done) co_return ctx.error_response(done.error());
  co_return http::Response(204);
}

}  // namespace

void add_site_routes(web::Router& router, Comments& comments, boards::Boards& boards,
                     notifications::Notifications& notifications) {
  router.get("/comments/{id}", [&](web::Context& ctx) { return redirect_to_page(ctx, comments, boards); });
  router.get("/comments/{id}/edit", [&](web::Context& ctx) { return show_edit(ctx, comments, notifications); });
  router.post("/comments/{id}/edit", [&](web::Context& ctx) { return post_edit(ctx, comments, notifications); });
  router.post("/comments/{id}/delete", [&](web::Context& ctx) { return post_delete(ctx, comments, boards); });
  router.post("/posts/{id}/typing", [&](web::Context& ctx) { return post_typing(ctx, comments); });
}

}  // namespace ms::comments
