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

Frame frame(const web::Context& ctx, const boards::Directory& boards, const Attempt& attempt, std::string path) {
  std::string bulk = web::with(path + "/bulk", ctx.query(), "", "");
  return {search_of(ctx.query()), boards, ctx.viewer, attempt, std::move(path), std::move(bulk), {}, ctx.now};
}

int status_of(const Attempt& attempt) { return attempt.error ? static_cast<int>(attempt.error->code) : 200; }

/// Whether a refusal is told in the form that was sent.
bool in_form(const Error& error) { return error.code == Code::invalid || error.code == Code::conflict; }

Error bad_form() { return Error(Code::bad_request, "error.bad_form"_msg); }

async<http::Response> posts_page(web::Context& ctx, Moderation& moderation, boards::Boards& boards, Attempt attempt) {
  const auto directory = co_await boards.all(ctx.call);
  Frame list = frame(ctx, *directory, attempt, "/posts");
  auto rows = co_await moderation.posts(ctx.call, ctx.viewer, list.search);
  const bool more = rows.size() > kRowsPerPage;
  if (more) rows.pop_back();
  list.steps = web::steps(list.path, ctx.query(), more, rows.empty() ? 0 : rows.back().id.value);
  co_return ctx.page(
      {tr("moderation.posts_title"_msg)}, [&](view::Out& out) { posts_list(out, list, rows); }, status_of(attempt));
}

async<http::Response> comments_page(web::Context& ctx, Moderation& moderation, boards::Boards& boards,
                                    Attempt attempt) {
  const auto directory = co_await boards.all(ctx.call);
  Frame list = frame(ctx, *directory, attempt, "/comments");
  auto rows = co_await moderation.comments(ctx.call, ctx.viewer, list.search);
  const bool more = rows.size() > kRowsPerPage;
  if (more) rows.pop_back();
  list.steps = web::steps(list.path, ctx.query(), more, rows.empty() ? 0 : rows.back().id.value);
  co_return ctx.page(
      {tr("moderation.comments_title"_msg)}, [&](view::Out& out) { comments_list(out, list, rows); },
      status_of(attempt));
}

async<http::Response> post_page(web::Context& ctx, Moderation& moderation, Attempt attempt) {
  const PostId id{ctx.params.number("id")};
  const auto file = co_await moderation.post(ctx.call, ctx.viewer, id);
  if (!file) co_return ctx.refuse(Error(Code::not_found, "posts.gone"_msg));
  const Acts acts{"/posts/" + std::to_string(id.value), file->row.state(), ctx.viewer, attempt};
  const std::string& site = ctx.shell.site->url;
  co_return ctx.page(
      {file->row.shown_title()}, [&](view::Out& out) { post_file(out, *file, acts, site, ctx.now); },
      status_of(attempt));
}

async<http::Response> comment_page(web::Context& ctx, Moderation& moderation, Attempt attempt) {
  const CommentId id{ctx.params.number("id")};
  const auto file = co_await moderation.comment(ctx.call, ctx.viewer, id);
  if (!file) co_return ctx.refuse(Error(Code::not_found, "comments.gone"_msg));
  const Acts acts{"/comments/" + std::to_string(id.value), file->row.state(), ctx.viewer, attempt};
  const std::string& site = ctx.shell.site->url;
  co_return ctx.page(
      {tr("moderation.comment_title"_msg)}, [&](view::Out& out) { comment_file(out, *file, acts, site, ctx.now); },
      status_of(attempt));
}

async<http::Response> show_posts(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  return posts_page(ctx, moderation, boards, Attempt());
}
async<http::Response> show_comments(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  return comments_page(ctx, moderation, boards, Attempt());
}
async<http::Response> show_post(web::Context& ctx, Moderation& moderation) {
  return post_page(ctx, moderation, Attempt());
}
async<http::Response> show_comment(web::Context& ctx, Moderation& moderation) {
  return comment_page(ctx, moderation, Attempt());
}

async<http::Response> act_on_post(web::Context& ctx, Moderation& moderation, Act act) {
  const auto form = ctx.form();
  if (!form) co_return ctx.refuse(form.error());
  const PostId id{ctx.params.number("id")};
  Attempt attempt{act, {id.value}, std::string(form->get("reason")), {}};
  const auto done = co_await moderation.act(ctx.call, ctx.viewer, act, ids<PostId>(attempt.chosen), attempt.reason);
  if (done) co_return ctx.redirect("/posts/" + std::to_string(id.value), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.refuse(done.error());
  attempt.error = done.error();
  co_return co_await post_page(ctx, moderation, std::move(attempt));
}

async<http::Response> act_on_comment(web::Context& ctx, Moderation& moderation, Act act) {
  const auto form = ctx.form();
  if (!form) co_return ctx.refuse(form.error());
  const CommentId id{ctx.params.number("id")};
  Attempt attempt{act, {id.value}, std::string(form->get("reason")), {}};
  const auto done = co_await moderation.act(ctx.call, ctx.viewer, act, ids<CommentId>(attempt.chosen), attempt.reason);
  if (done) co_return ctx.redirect("/comments/" + std::to_string(id.value), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.refuse(done.error());
  attempt.error = done.error();
  co_return co_await comment_page(ctx, moderation, std::move(attempt));
}

async<http::Response> act_on_posts(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.refuse(form.error());
  Attempt attempt{act_of(form->get("act")), chosen_in(*form), std::string(form->get("reason")), {}};
  if (!attempt.act) co_return ctx.refuse(bad_form());
  const auto done =
      co_await moderation.act(ctx.call, ctx.viewer, *attempt.act, ids<PostId>(attempt.chosen), attempt.reason);
  if (done) co_return ctx.redirect(web::with("/posts", ctx.query(), "", ""), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.refuse(done.error());
  attempt.error = done.error();
  co_return co_await posts_page(ctx, moderation, boards, std::move(attempt));
}

async<http::Response> act_on_comments(web::Context& ctx, Moderation& moderation, boards::Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.refuse(form.error());
  Attempt attempt{act_of(form->get("act")), chosen_in(*form), std::string(form->get("reason")), {}};
  if (!attempt.act) co_return ctx.refuse(bad_form());
  const auto done =
      co_await moderation.act(ctx.call, ctx.viewer, *attempt.act, ids<CommentId>(attempt.chosen), attempt.reason);
  if (done) co_return ctx.redirect(web::with("/comments", ctx.query(), "", ""), "flash.saved"_msg);
  if (!in_form(done.error())) co_return ctx.refuse(done.error());
  attempt.error = done.error();
  co_return co_await comments_page(ctx, moderation, boards, std::move(attempt));
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
