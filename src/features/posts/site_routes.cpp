#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "features/notifications/notifications.hpp"
#include "features/posts/list.html.hpp"
#include "features/posts/page_cache.hpp"
#include "features/posts/posts.hpp"
#include "features/posts/write.html.hpp"
#include "infra/idempotency/idempotency.hpp"
#include "infra/web/context.hpp"

namespace ms::posts {
namespace {

Draft read_draft(const http::Form& form) {
  return {unicode::Line(form.get("title")), unicode::Text(form.get("content")),  form.has("notice"),
          form.number("version"),           notifications::shown_mentions(form), files::read_choices(form)};
}

/// The board in the path, if the viewer may read it.
Result<const boards::Board*> board_of(const web::Context& ctx, const boards::Directory& directory) {
  const boards::Board* board = directory.find(ctx.params.get("slug"));
  if (board == nullptr || !board->readable(ctx.viewer)) return fail(ErrorCode::not_found, "boards.gone"_msg);
  return board;
}

Error no_right(const web::Context& ctx) {
  if (!ctx.viewer.signed_in()) return Error(ErrorCode::unauthenticated, "error.unauthenticated"_msg);
  return Error(ErrorCode::forbidden, "boards.not_writable"_msg);
}

std::string post_path(const boards::Board& board, PostId id) {
  return fmt::format("/boards/{}/{}", board.slug, id.value);
}

std::string list_path(const boards::Board& board, std::int64_t page) {
  return page == 1 ? "/boards/" + board.slug : fmt::format("/boards/{}?page={}", board.slug, page);
}

/// The response to a repetition of a write: the first request did it, whatever the board's address is now.
async<http::Response> answer_again(web::Context& ctx, Posts& posts, boards::Boards& boards, PostId id, Msg flash) {
  const auto post = co_await posts.find(ctx.call, ctx.viewer, id);
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = post ? directory->find(post->board) : nullptr;
  if (board == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "posts.gone"_msg));
  co_return ctx.redirect(post_path(*board, id), flash);
}

async<http::Response> show_list(web::Context& ctx, PageCache& page_cache, boards::Boards& boards,
                                notifications::Notifications& notifications) {
  const auto directory = co_await boards.all(ctx.call);
  const auto board = board_of(ctx, *directory);
  if (!board) co_return ctx.error_response(board.error());
  const auto asked = ctx.query().number("page");
  const auto page = co_await page_cache.page(ctx.call, ctx.read_your_writes(), **board, asked.value_or(1));
  const std::string path = list_path(**board, page->page.number);
  if (asked && *asked != page->page.number) co_return ctx.redirect(path);
  std::optional<bool> follows;
  if (ctx.viewer.signed_in()) follows = co_await notifications.follows(ctx.call, ctx.viewer.id, (*board)->id);
  const bool is_public = (*board)->read_role == 0;
  co_return ctx.page(
      {.title = (*board)->name, .description = (*board)->description, .open = is_public, .canonical = path},
      [&](view::Out& out) { list(out, **board, *page, (*board)->writable(ctx.viewer), follows); });
}

/// `error`: why the form returns with the sent draft.
async<http::Response> write_form(web::Context& ctx, files::Files& files, notifications::Notifications& notifications,
                                 const boards::Board& board, const Draft& draft, const Error* error) {
  const files::DraftKey key{files::DraftKey::Form::write, board.id.value};
  const auto attachments = files::arranged(co_await files.of_draft(ctx.call, ctx.viewer, key), draft.attachments);
  const auto unresolved = co_await notifications.unresolved(ctx.call, draft.content);
  co_return ctx.page(
      {tr("posts.write_title"_msg)},
      [&](view::Out& out) {
        form(out, board, "/boards/" + board.slug + "/write", "/boards/" + board.slug, key, draft, error,
             ctx.viewer.may(session::Permission::notice), false, nullptr, unresolved, attachments, files.limits());
      },
      error == nullptr ? 200 : static_cast<int>(error->code));
}

async<http::Response> show_write(web::Context& ctx, boards::Boards& boards, files::Files& files,
                                 notifications::Notifications& notifications) {
  const auto directory = co_await boards.all(ctx.call);
  const auto board = board_of(ctx, *directory);
  if (!board) co_return ctx.error_response(board.error());
  if (!(*board)->writable(ctx.viewer)) co_return ctx.error_response(no_right(ctx));
  co_return co_await write_form(ctx, files, notifications, **board, Draft(), nullptr);
}

async<http::Response> post_write(web::Context& ctx, Posts& posts, boards::Boards& boards, files::Files& files,
                                 notifications::Notifications& notifications) {
  constexpr Msg kFlash = "flash.post_written"_msg;
  if (const auto first = idempotency::previous_result(ctx.call)) {
    co_return co_await answer_again(ctx, posts, boards, PostId{*first}, kFlash);
  }
  const auto directory = co_await boards.all(ctx.call);
  const auto board = board_of(ctx, *directory);
  if (!board) co_return ctx.error_response(board.error());
  const auto sent = ctx.form();
  if (!sent) co_return ctx.error_response(sent.error());
  const Draft draft = read_draft(*sent);
  // Without a script, a button stores the chosen files and brings the form back with them.
  const auto rejected = ctx.rejection();
  if (sent->has("attach") || rejected) {
    co_return co_await write_form(ctx, files, notifications, **board, draft, rejected ? &*rejected : nullptr);
  }
  const auto written = co_await posts.write(ctx.call, ctx.viewer, **board, draft);
  if (written) co_return ctx.redirect(post_path(**board, *written), kFlash);
  if (written.error().code != ErrorCode::invalid) co_return ctx.error_response(written.error());
  co_return co_await write_form(ctx, files, notifications, **board, draft, &written.error());
}

/// `theirs`: the version that somebody else has stored since the draft was begun.
async<http::Response> edit_form(web::Context& ctx, files::Files& files, notifications::Notifications& notifications,
                                const boards::Board& board, PostId id, const Draft& draft,
                                std::vector<files::Attachment> attachments, const Error* error,
                                const Post* theirs = nullptr) {
  const std::string path = post_path(board, id);
  const files::DraftKey key{files::DraftKey::Form::edit, id.value};
  std::ranges::move(co_await files.of_draft(ctx.call, ctx.viewer, key), std::back_inserter(attachments));
  attachments = files::arranged(std::move(attachments), draft.attachments);
  const auto unresolved = co_await notifications.unresolved(ctx.call, draft.content);
  co_return ctx.page(
      {tr("posts.edit_title"_msg)},
      [&](view::Out& out) {
        form(out, board, path + "/edit", path, key, draft, error, ctx.viewer.may(session::Permission::notice), true,
             theirs, unresolved, attachments, files.limits());
      },
      error == nullptr ? 200 : static_cast<int>(error->code));
}

async<http::Response> show_edit(web::Context& ctx, Posts& posts, boards::Boards& boards, files::Files& files,
                                notifications::Notifications& notifications) {
  const auto directory = co_await boards.all(ctx.call);
  const PostId id{ctx.params.number("id")};
  const auto post = co_await posts.to_edit(ctx.call, ctx.viewer, id);
  if (!post) co_return ctx.error_response(post.error());
  const boards::Board* board = directory->find(post->board);
  if (board == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "boards.gone"_msg));
  const Draft stored{post->title, post->content, post->notice, post->version};
  co_return co_await edit_form(ctx, files, notifications, *board, id, stored, post->attachments.all, nullptr);
}

async<http::Response> post_edit(web::Context& ctx, Posts& posts, boards::Boards& boards, files::Files& files,
                                notifications::Notifications& notifications) {
  const PostId id{ctx.params.number("id")};
  if (idempotency::previous_result(ctx.call))
    co_return co_await answer_again(ctx, posts, boards, id, "flash.saved"_msg);
  const auto directory = co_await boards.all(ctx.call);
  const auto board = board_of(ctx, *directory);
  if (!board) co_return ctx.error_response(board.error());
  const auto sent = ctx.form();
  if (!sent) co_return ctx.error_response(sent.error());
  const Draft draft = read_draft(*sent);
  const auto rejected = ctx.rejection();
  if (sent->has("attach") || rejected) {
    const auto post = co_await posts.to_edit(ctx.call, ctx.viewer, id);
    if (!post) co_return ctx.error_response(post.error());
    co_return co_await edit_form(ctx, files, notifications, **board, id, draft, post->attachments.all,
                                 rejected ? &*rejected : nullptr);
  }
  const auto done = co_await posts.edit(ctx.call, ctx.viewer, id, draft);
  if (done) co_return ctx.redirect(post_path(**board, id), "flash.saved"_msg);
  const bool invalid = done.error().code == ErrorCode::invalid;
  if (!invalid && done.error().code != ErrorCode::conflict) co_return ctx.error_response(done.error());
  // After a conflict, the form shows both texts and carries the stored version: the writer chooses the next text with
  // both in view.
  const auto theirs = co_await posts.to_edit(ctx.call, ctx.viewer, id);
  if (!theirs) co_return ctx.error_response(theirs.error());
  if (invalid) {
    co_return co_await edit_form(ctx, files, notifications, **board, id, draft, theirs->attachments.all, &done.error());
  }
  Draft next = draft;
  next.version = theirs->version;
  co_return co_await edit_form(ctx, files, notifications, **board, id, next, theirs->attachments.all, &done.error(),
                               &*theirs);
}

async<http::Response> post_delete(web::Context& ctx, Posts& posts, boards::Boards& boards) {
  const auto directory = co_await boards.all(ctx.call);
  const auto board = board_of(ctx, *directory);
  if (!board && idempotency::previous_result(ctx.call)) co_return ctx.redirect("/", "flash.deleted"_msg);
  if (!board) co_return ctx.error_response(board.error());
  // A request without a body deletes the viewer's own post, or gives no reason.
  std::string reason;
  if (const auto form = ctx.form()) reason = form->get("reason");
  const auto done = co_await posts.remove(ctx.call, ctx.viewer, PostId{ctx.params.number("id")}, reason);
  if (!done) co_return ctx.error_response(done.error());
  co_return ctx.redirect("/boards/" + (*board)->slug, "flash.deleted"_msg);
}

}  // namespace

void add_site_routes(web::Router& router, Posts& posts, PageCache& page_cache, boards::Boards& boards,
                     files::Files& files, notifications::Notifications& notifications) {
  router.get("/boards/{slug}", [&](web::Context& ctx) { return show_list(ctx, page_cache, boards, notifications); });
  router.get("/boards/{slug}/write", [&](web::Context& ctx) { return show_write(ctx, boards, files, notifications); });
  router.post_with_files("/boards/{slug}/write",
                         [&](web::Context& ctx) { return post_write(ctx, posts, boards, files, notifications); });
  router.get("/boards/{slug}/{id}/edit",
             [&](web::Context& ctx) { return show_edit(ctx, posts, boards, files, notifications); });
  router.post_with_files("/boards/{slug}/{id}/edit",
                         [&](web::Context& ctx) { return post_edit(ctx, posts, boards, files, notifications); });
  router.post("/boards/{slug}/{id}/delete", [&](web::Context& ctx) { return post_delete(ctx, posts, boards); });
}

}  // namespace ms::posts
