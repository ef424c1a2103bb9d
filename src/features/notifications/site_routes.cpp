#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "features/notifications/list.html.hpp"
#include "features/notifications/notifications.hpp"
#include "features/notifications/pages.hpp"
#include "features/notifications/settings.html.hpp"
#include "infra/web/context.hpp"
#include "infra/web/listing.hpp"

namespace ms::notifications {

std::vector<Group> grouped(const std::vector<Notification>& lines) {
  std::vector<Group> out;
  for (const Notification& line : lines) {
    auto of = std::ranges::find(out, line.post, [](const Group& group) { return group.newest().post; });
    if (of == out.end()) of = out.insert(out.end(), Group());
    of->lines.push_back(&line);
  }
  return out;
}

std::string joined(const std::vector<std::string>& mentions) { return fmt::format("{}", fmt::join(mentions, " ")); }

std::optional<std::string> shown_mentions(const http::Form& form) {
  if (!form.has("unresolved")) return std::nullopt;
  return std::string(form.get("unresolved"));
}

bool SettingsPage::on(Kind kind) const { return std::ranges::find(off, kind) == off.end(); }
bool SettingsPage::is_stored(Kind kind) const { return std::ranges::find(settings.off, kind) == settings.off.end(); }

namespace {

Error login_first() { return Error(ErrorCode::unauthenticated, "error.unauthenticated"_msg); }

/// Makes the member's next page, on any server, show at least this number (Notifications::bell).
http::Response with_bell_cookie(const web::Context& ctx, http::Response response, std::int64_t number) {
  if (number > 0) {
    response.set("Set-Cookie", fmt::format("{}={}; Path=/; Max-Age=10; HttpOnly; SameSite=Lax{}", kBellCookie, number,
                                           ctx.secure ? "; Secure" : ""));
  }
  return response;
}

std::string list_path(std::int64_t before) {
  return before > 0 ? fmt::format("/notifications?before={}", before) : std::string("/notifications");
}

async<http::Response> show_list(web::Context& ctx, Notifications& notifications) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  const auto before = std::max<std::int64_t>(0, ctx.query().number("before").value_or(0));
  const Page page = co_await notifications.page(ctx.call, ctx.viewer, before);
  const auto groups = grouped(page.lines);
  const auto last = page.lines.empty() ? 0 : page.lines.back().number;
  const auto links = web::page_links("/notifications", ctx.query(), page.more, last);
  co_return ctx.page({tr("notifications.title"_msg)},
                     [&](view::Out& out) { list(out, page, groups, before, links, ctx.now); });
}

/// Redirects to the subject of a notification and marks it as read. GET may do so, because following the link is
/// reading.
async<http::Response> open_line(web::Context& ctx, Notifications& notifications) {
  const auto line = co_await notifications.find(ctx.call, ctx.viewer, ctx.params.number("number"));
  if (!line) co_return ctx.error_response(line.error());
  std::int64_t number = 0;
  if (!line->read && ctx.request.method == http::Method::get) {
    const auto done = co_await notifications.read(ctx.call, ctx.viewer, line->number);
    if (!done) co_return ctx.error_response(done.error());
    number = *done;
  }
  co_return with_bell_cookie(ctx, ctx.redirect(line->href.empty() ? "/notifications" : line->href), number);
}

async<http::Response> read_line(web::Context& ctx, Notifications& notifications) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const auto line = co_await notifications.find(ctx.call, ctx.viewer, ctx.params.number("number"));
  if (!line) co_return ctx.error_response(line.error());
  const auto done = co_await notifications.read(ctx.call, ctx.viewer, line->number);
  if (!done) co_return ctx.error_response(done.error());
  co_return with_bell_cookie(
      ctx, ctx.redirect(list_path(form->number("before").value_or(0)), "flash.notification_read"_msg), *done);
}

async<http::Response> read_all(web::Context& ctx, Notifications& notifications) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const auto up_to = form->number("up_to");
  if (!up_to) co_return ctx.error_response(Error(ErrorCode::bad_request, "error.bad_form"_msg));
  const auto done = co_await notifications.read_all(ctx.call, ctx.viewer, *up_to);
  if (!done) co_return ctx.error_response(done.error());
  co_return with_bell_cookie(ctx, ctx.redirect("/notifications", "flash.notifications_read"_msg), *done);
}

/// `off` and `error` come from a refused form; without them the page shows the stored settings.
async<http::Response> settings_page(web::Context& ctx, Notifications& notifications, boards::Boards& boards,
                                    std::optional<std::vector<Kind>> off = {}, const Error* error = nullptr) {
  const auto directory = co_await boards.all(ctx.call);
  const Settings stored = co_await notifications.settings(ctx.call, ctx.viewer);
  const SettingsPage page{stored, *directory, ctx.viewer, off ? *off : stored.off, error};
  co_return ctx.page(
      {tr("notifications.settings"_msg)}, [&](view::Out& out) { settings(out, page); },
      error == nullptr ? 200 : static_cast<int>(error->code));
}

async<http::Response> show_settings(web::Context& ctx, Notifications& notifications, boards::Boards& boards) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  co_return co_await settings_page(ctx, notifications, boards);
}

async<http::Response> save_settings(web::Context& ctx, Notifications& notifications, boards::Boards& boards) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  std::vector<Kind> off(kSwitches.begin(), kSwitches.end());
  for (const auto& [name, value] : form->pairs()) {
    if (name == "on") std::erase_if(off, [&value](Kind kind) { return name_of(kind) == value; });
  }
  const auto done = co_await notifications.set(ctx.call, ctx.viewer, off, form->number("version"));
  if (done) co_return with_bell_cookie(ctx, ctx.redirect("/my/notifications", "flash.saved"_msg), *done);
  if (done.error().code != ErrorCode::conflict) co_return ctx.error_response(done.error());
  co_return co_await settings_page(ctx, notifications, boards, std::move(off), &done.error());
}

async<http::Response> follow(web::Context& ctx, Notifications& notifications, boards::Boards& boards, bool wanted) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const auto directory = co_await boards.all(ctx.call);
  const boards::Board* board = directory->find(ctx.params.get("slug"));
  const auto done = co_await notifications.follow(ctx.call, ctx.viewer, board, wanted);
  if (!done) co_return ctx.error_response(done.error());
  // When the request is repeated, the board may have another address by then.
  std::string back = board == nullptr ? "/my/notifications" : "/boards/" + board->slug;
  if (form->has("next")) back = web::local_path(form->get("next"));
  co_return with_bell_cookie(ctx, ctx.redirect(back, wanted ? "flash.followed"_msg : "flash.unfollowed"_msg), *done);
}

async<http::Response> complete_name(web::Context& ctx, Notifications& notifications) {
  namespace json = boost::json;
  const auto found = co_await notifications.names(ctx.call, ctx.viewer, ctx.query().get("q"));
  if (!found) co_return web::problem(found.error());
  json::array out;
  for (const Suggestion& member : *found) {
    out.push_back(json::object{{"id", member.id.value}, {"name", member.name}, {"insert", member.insert}});
  }
  co_return ctx.json(200, out);
}

/// The page asks while a member writes; nothing is stored.
async<http::Response> check_mentions(web::Context& ctx, Notifications& notifications) {
  const auto form = ctx.form();
  if (!form) co_return web::problem(form.error());
  const unicode::Text content(form->get("content"));
  const auto names = co_await notifications.unresolved(ctx.call, ctx.viewer, content);
  if (!names) co_return web::problem(names.error());
  co_return ctx.json(200, boost::json::array(names->begin(), names->end()));
}

}  // namespace

void add_site_routes(web::Router& router, Notifications& notifications, boards::Boards& boards) {
  router.get("/notifications", [&](web::Context& ctx) { return show_list(ctx, notifications); });
  router.get("/notifications/{number}", [&](web::Context& ctx) { return open_line(ctx, notifications); });
  router.post("/notifications/read", [&](web::Context& ctx) { return read_all(ctx, notifications); });
  router.post("/notifications/{number}/read", [&](web::Context& ctx) { return read_line(ctx, notifications); });
  router.get("/my/notifications", [&](web::Context& ctx) { return show_settings(ctx, notifications, boards); });
  router.post("/my/notifications", [&](web::Context& ctx) { return save_settings(ctx, notifications, boards); });
  router.post("/boards/{slug}/follow", [&](web::Context& ctx) { return follow(ctx, notifications, boards, true); });
  router.post("/boards/{slug}/unfollow", [&](web::Context& ctx) { return follow(ctx, notifications, boards, false); });
  router.post("/mentions", [&](web::Context& ctx) { return check_mentions(ctx, notifications); });
  router.get("/members/names", [&](web::Context& ctx) { return complete_name(ctx, notifications); });
}

}  // namespace ms::notifications
