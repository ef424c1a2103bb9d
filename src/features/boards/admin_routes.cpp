#include "features/boards/admin_form.html.hpp"
#include "features/boards/admin_list.html.hpp"
#include "features/boards/admin_pages.hpp"
#include "infra/web/context.hpp"

namespace ms::boards {
namespace {

Error no_right() { return Error(ErrorCode::forbidden, "error.forbidden"_msg); }
Error gone() { return Error(ErrorCode::not_found, "boards.gone"_msg); }

bool may_change(const web::Context& ctx) { return ctx.viewer.may(session::Permission::boards); }

Draft draft_of(const http::Form& form) {
  const auto rank = [&form](std::string_view name) {
    // Out of range, which check() rejects, when the name is no role.
    const auto role = session::role_of(form.get(name));
    return role ? static_cast<int>(*role) : -1;
  };
  return {.slug = unicode::Line(form.get("slug")),
          .name = unicode::Line(form.get("name")),
          .description = unicode::Line(form.get("description")),
          .read_role = rank("read_role"),
          .write_role = rank("write_role"),
          .comment_role = rank("comment_role"),
          .on_home = form.has("on_home"),
          .kind = form.has("kind") ? kind_of(form.get("kind")) : Kind::list,
          .version = form.number("version")};
}

Draft draft_of(const Board& board) {
  return {board.slug,         board.name,    board.description, board.read_role, board.write_role,
          board.comment_role, board.on_home, board.kind,        board.version};
}

http::Response form_page(const web::Context& ctx, const AdminForm& form) {
  const Msg title = form.id ? "boards_admin.edit"_msg : "boards_admin.new"_msg;
  const int status = form.error ? static_cast<int>(form.error->code) : 200;
  return ctx.page({tr(title)}, [&](view::Out& out) { admin_form(out, form); }, status);
}

/// The response to a submitted form: the list, or the form again.
http::Response answer(const web::Context& ctx, AdminForm form, const Result<void>& done) {
  if (done) return ctx.redirect("/boards", "flash.saved"_msg);
  const ErrorCode code = done.error().code;
  if (code != ErrorCode::invalid && code != ErrorCode::conflict) return ctx.error_response(done.error());
  form.error = done.error();
  return form_page(ctx, form);
}

async<http::Response> show_boards(web::Context& ctx, Boards& boards) {
  const auto directory = co_await boards.all(ctx.call);
  AdminList list{directory->all(), may_change(ctx)};
  if (!list.may_change) std::erase_if(list.boards, [&](const Board& board) { return !board.readable(ctx.viewer); });
  co_return ctx.page({tr("boards_admin.title"_msg)}, [&](view::Out& out) { admin_list(out, list); });
}

async<http::Response> show_new(web::Context& ctx) {
  if (!may_change(ctx)) co_return ctx.error_response(no_right());
  co_return form_page(ctx, AdminForm());
}

async<http::Response> create(web::Context& ctx, Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  AdminForm sent{BoardId(), draft_of(*form), {}};
  const auto created = co_await boards.create(ctx.call, ctx.viewer, sent.draft);
  Result<void> done;
  if (!created) done = Unexpected(created.error());
  co_return answer(ctx, std::move(sent), done);
}

async<http::Response> show_board(web::Context& ctx, Boards& boards) {
  if (!may_change(ctx)) co_return ctx.error_response(no_right());
  const auto directory = co_await boards.all(ctx.call);
  const Board* board = directory->find(BoardId{ctx.params.number("id")});
  if (board == nullptr) co_return ctx.error_response(gone());
  co_return form_page(ctx, AdminForm{board->id, draft_of(*board), {}});
}

async<http::Response> edit(web::Context& ctx, Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  AdminForm sent{BoardId{ctx.params.number("id")}, draft_of(*form), {}};
  const auto done = co_await boards.edit(ctx.call, ctx.viewer, sent.id, sent.draft);
  if (!done && done.error().message == "error.edited"_msg) {
    boards.changed();  // the notification of somebody else's change may not have arrived yet
    const auto directory = co_await boards.all(ctx.call);
    const Board* theirs = directory->find(sent.id);
    if (theirs == nullptr) co_return ctx.error_response(gone());
    sent.draft.version = theirs->version;
    sent.theirs = *theirs;
  }
  co_return answer(ctx, std::move(sent), done);
}

async<http::Response> move(web::Context& ctx, Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const std::string_view to = form->get("to");
  if (to != "up" && to != "down") co_return ctx.error_response(Error(ErrorCode::bad_request, "error.bad_form"_msg));
  const auto done = co_await boards.move(ctx.call, ctx.viewer, BoardId{ctx.params.number("id")}, to == "up" ? -1 : 1);
  if (!done) co_return ctx.error_response(done.error());
  co_return ctx.redirect("/boards", "flash.saved"_msg);
}

}  // namespace

void add_admin_routes(web::Router& router, Boards& boards) {
  router.get("/boards", [&boards](web::Context& ctx) { return show_boards(ctx, boards); });
  router.get("/boards/new", [](web::Context& ctx) { return show_new(ctx); });
  router.post("/boards/new", [&boards](web::Context& ctx) { return create(ctx, boards); });
  router.get("/boards/{id}", [&boards](web::Context& ctx) { return show_board(ctx, boards); });
  router.post("/boards/{id}", [&boards](web::Context& ctx) { return edit(ctx, boards); });
  router.post("/boards/{id}/move", [&boards](web::Context& ctx) { return move(ctx, boards); });
}

}  // namespace ms::boards
