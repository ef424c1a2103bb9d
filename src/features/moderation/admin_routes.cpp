#include <charconv>

#include "features/moderation/admin_pages.hpp"
#include "features/moderation/comments.html.hpp"
#include "features/moderation/posts.html.hpp"
#include "infra/web/context.hpp"

namespace ms::moderation {
namespace {

Search search_of(const http::Form& query) {
  return {.text = std::string(query.get("q")),
          .author = std::string(query.get("author")),
          .board = BoardId{query.number("board").value_or(0)},
          .post = PostId{query.number("post").value_or(0)},
          .state = state_of(query.get("state")),
          .before = query.number("before").value_or(0)};
}

/// The rows that were checked in a form.
std::vector<std::int64_t> chosen_in(const http::Form& form) {
  std::vector<std::int64_t> out;
  for (const auto& [name, value] : form.pairs()) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), id);
    if (name == "chosen" && error == std::errc() && end == value.data() + value.size()) out.push_back(id);
  }
  return out;
}

template <class Id>
std::vector<Id> ids(const std::vector<std::int64_t>& numbers) {
  std::vector<Id> out;
  for (const std::int64_t number : numbers) out.push_back(Id{number});
  return out;
}

Frame frame(const web::Context& ctx, const boards::Directory& boards, const FormState& form_state, std::string path) {
  std::string bulk = web::url_with_query(path + "/bulk", ctx.query(), "", "");
  return {search_of(ctx.query()), boards, ctx.viewer, form_state, std::move(path), std::move(bulk), {}, ctx.now};
}

int status_of(const FormState& form_state) { return form_state.error ? static_cast<int>(form_state.error->code) : 200; }

/// Whether the submitted form shows the error.
bool in_form(const Error& error) { return error.code == ErrorCode::invalid || error.code == ErrorCode::conflict; }

Error bad_form() { return Error(ErrorCode::bad_request, "error.bad_form"_msg); }

async<http::Response> posts_page(web::Context& ctx, Moderation& moderation, boards::Boards& boards,
                                 FormState form_state) {
  const auto directory = co_await boards.all(ctx.call);
  Frame list = frame(ctx, *directory, form_state, "/posts");
  auto rows = co_await moderation.posts(ctx.call, ctx.viewer, list.search);
  const bool more = rows.size() > kRowsPerPage;
  if (more) rows.pop_back();
  list.steps = web::page_links(list.path, ctx.query(), more, rows.empty() ? 0 : rows.back().id.value);
  co_return ctx.page(
      {tr("moderation.posts_title"_msg)}, [&](view::Out& out) { posts_list(out, list, rows); }, status_of(form_state));
}

async<http::Response> comments_page(web::Context& ctx, Moderation& moderation, boards::Boards& boards,
                                    FormState form_state) {
  const auto directory = co_await boards.all(ctx.call);
  Frame list = frame(ctx, *directory, form_state, "/comments");
  auto rows = co_await moderation.comments(ctx.call, ctx.viewer, list.search);
  const bool more = rows.size() > kRowsPerPage;
  if (more) rows.pop_back();
  list.steps = web::page_links(list.path, ctx.query(), more, rows.empty() ? 0 : rows.back().id.value);
  co_return ctx.page(
      {tr("moderation.comments_title"_msg)}, [&](view::Out& out) { comments_list(out, list, rows); },
      status_of(form_state));
}

async<http::Response> post_page(web::Context& ctx, Moderation& moderation, FormState form_state) {
  const PostId id{ctx.params.number("id")};
  const auto file = co_await moderation.post(ctx.call, ctx.viewer, id);
  if (!file) co_return ctx.error_response(Error(ErrorCode::not_found, "posts.gone"_msg));
  const Acts acts{"/posts/" + std::to_string(id.value), file->row.state(), ctx.viewer, form_state};
  const std::string& site = ctx.shell.site->url;
  co_return ctx.page(
      {file->row.shown_title()}, [&](view::Out& out) { post_file(out, *file, acts, site, ctx.now); },
      status_of(form_state));
}

async<http::Response> comment_page(web::Context& ctx, Moderation& moderation, FormState form_state) {
  const CommentId id{ctx.params.number("id")};
  const auto file = co_await moderation.comment(ctx.call, ctx.viewer, id);
  if (!file) co_return ctx.error_response(Error(ErrorCode::not_found, "comments.gone"_msg));
  const Acts acts{"/comments/" + std::to_string(id.value), file->row.state(), ctx.viewer, form_state};
  const std::string& site = ctx.shell.site->url;
  co_return ctx.page(
      {tr("moderation.comment_title"_msg)}, [&](view::Out& out) { comment_file(out, *file, acts, site, ctx.now); },
      status_of(form_state));
}

async<http::Response> show_posts(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  return posts_page(ctx, moderation, boards, FormState());
}
async<http::Response> show_comments(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  return comments_page(ctx, moderation, boards, FormState());
}
async<http::Response> show_post(web::Context& ctx, Moderation& moderation) {
  return post_page(ctx, moderation, FormState());
}
async<http::Response> show_comment(web::Context& ctx, Moderation& moderation) {
  return comment_page(ctx, moderation, FormState());
}

async<http::Response> act_on_post(web::Context& ctx, Moderation& moderation, Act act) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const PostId id{ctx.params.number("id")};
  FormState form_state{act, {id.value}, std::string(form->get("reason")), {}};
  const auto done =
      co_await moderation.act(ctx.call, ctx.viewer, act, ids<PostId>(form_state.chosen), form_state.reason);
  if (done) co_return ctx.redirect("/posts/" + std::to_string(id.value), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.error_response(done.error());
  form_state.error = done.error();
  co_return co_await post_page(ctx, moderation, std::move(form_state));
}

async<http::Response> act_on_comment(web::Context& ctx, Moderation& moderation, Act act) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const CommentId id{ctx.params.number("id")};
  FormState form_state{act, {id.value}, std::string(form->get("reason")), {}};
  const auto done =
      co_await moderation.act(ctx.call, ctx.viewer, act, ids<CommentId>(form_state.chosen), form_state.reason);
  if (done) co_return ctx.redirect("/comments/" + std::to_string(id.value), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.error_response(done.error());
  form_state.error = done.error();
  co_return co_await comment_page(ctx, moderation, std::move(form_state));
}

async<http::Response> act_on_posts(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  FormState form_state{act_of(form->get("act")), chosen_in(*form), std::string(form->get("reason")), {}};
  if (!form_state.act) co_return ctx.error_response(bad_form());
  const auto done =
      co_await moderation.act(ctx.call, ctx.viewer, *form_state.act, ids<PostId>(form_state.chosen), form_state.reason);
  if (done) co_return ctx.redirect(web::url_with_query("/posts", ctx.query(), "", ""), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.error_response(done.error());
  form_state.error = done.error();
  co_return co_await posts_page(ctx, moderation, boards, std::move(form_state));
}

async<http::Response> act_on_comments(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  FormState form_state{act_of(form->get("act")), chosen_in(*form), std::string(form->get("reason")), {}};
  if (!form_state.act) co_return ctx.error_response(bad_form());
  const auto done = co_await moderation.act(ctx.call, ctx.viewer, *form_state.act, ids<CommentId>(form_state.chosen),
                                            form_state.reason);
  if (done) co_return ctx.redirect(web::url_with_query("/comments", ctx.query(), "", ""), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.error_response(done.error());
  form_state.error = done.error();
  co_return co_await comments_page(ctx, moderation, boards, std::move(form_state));
}

}  // namespace

void add_admin_routes(web::Router& router, Moderation& moderation, boards::Boards& boards) {
  router.get("/posts", [&](web::Context& ctx) { return show_posts(ctx, moderation, boards); });
  router.post("/posts/bulk", [&](web::Context& ctx) { return act_on_posts(ctx, moderation, boards); });
  router.get("/posts/{id}", [&](web::Context& ctx) { return show_post(ctx, moderation); });
  router.get("/comments", [&](web::Context& ctx) { return show_comments(ctx, moderation, boards); });
  router.post("/comments/bulk", [&](web::Context& ctx) { return act_on_comments(ctx, moderation, boards); });
  router.get("/comments/{id}", [&](web::Context& ctx) { return show_comment(ctx, moderation); });
  for (const Act act : {Act::hide, Act::restore, Act::remove}) {
    const std::string name(name_of(act));
    router.post("/posts/{id}/" + name,
                [&moderation, act](web::Context& ctx) { return act_on_post(ctx, moderation, act); });
    router.post("/comments/{id}/" + name,
                [&moderation, act](web::Context& ctx) { return act_on_comment(ctx, moderation, act); });
  }
}

}  // namespace ms::moderation
