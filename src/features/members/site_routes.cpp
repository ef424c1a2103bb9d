#include <fmt/format.h>

#include "features/members/join.html.hpp"
#include "features/members/login.html.hpp"
#include "features/members/login_page.hpp"
#include "features/members/members.hpp"
#include "features/members/my.html.hpp"
#include "features/members/profile.html.hpp"
#include "features/presence/presence.hpp"
#include "infra/web/context.hpp"
#include "infra/web/form_field.hpp"

namespace ms::members {
namespace {

session::ClientInfo client_info(const web::Context& ctx) {
  return {ctx.client_address.text(), std::string(ctx.request.header("user-agent"))};
}

// --- login, logout

constexpr std::string_view kDeviceCookie = "device";
// /join does not receive the other cookie, so a common name would overwrite it.
constexpr std::string_view kJoinedDeviceCookie = "device.joined";

/// The entries of both cookies.
std::string devices_of(const web::Context& ctx) {
  return fmt::format("{}~{}", ctx.request.cookie(kJoinedDeviceCookie).value_or(""),
                     ctx.request.cookie(kDeviceCookie).value_or(""));
}

/// The browser sends the cookie only to the login page.
void set_device_cookie(const web::Context& ctx, http::Response& response, std::string_view cookie,
                       const std::string& value) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(KnownDevices::kLifetime).count();
  response.set("Set-Cookie", fmt::format("{}={}; Path=/login; Max-Age={}; HttpOnly; SameSite=Lax{}", cookie, value,
                                         seconds, ctx.secure ? "; Secure" : ""));
}

http::Response login_form(const web::Context& ctx, const LoginPage& page) {
  http::Response response = ctx.page(
      {tr("login.title"_msg), {}, true}, [&](view::Out& out) { login(out, page, *ctx.shell.site); },
      page.error == nullptr ? 200 : static_cast<int>(page.error->code));
  if (page.error != nullptr) web::set_retry_after(response, *page.error);
  return response;
}

async<http::Response> show_login(web::Context& ctx) {
  const auto next = web::local_path(ctx.query().get("next"));
  if (ctx.viewer.signed_in()) co_return ctx.redirect(next);
  LoginPage page;
  page.next = next;
  co_return login_form(ctx, page);
}

async<http::Response> refuse_login(web::Context& ctx, Members& members, LoginPage page, Error error) {
  page.error = &error;
  if (error.message == "login.suspended"_msg) {
    page.suspended_until = co_await members.suspended_until(ctx.call, page.email);
  }
  co_return login_form(ctx, page);
}

async<http::Response> post_login(web::Context& ctx, Members& members, session::Sessions& sessions,
                                 std::optional<session::Permission> needed) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const std::string email(form->get("email"));
  const std::string password(form->raw("password"));
  const bool remember = form->has("remember");
  const std::string devices = devices_of(ctx);
  auto claim = co_await members.authenticate(ctx.call, {email, password, ctx.client_address, devices, needed});
  const LoginPage again{.next = std::string(web::local_path(form->get("next"))),
                        .email = email,
                        .remember = remember,
                        .carried_target = std::string(web::local_path(form->get(web::kCarriedTarget))),
                        .carried = web::carried_fields(*form)};
  if (!claim) co_return co_await refuse_login(ctx, members, again, claim.error());
  // The session id that came with the form is never reused, or an attacker who planted it would be logged in (session
  // fixation).
  const auto cookie = co_await sessions.open(ctx.call, std::move(*claim), remember, ctx.secure, client_info(ctx));
  if (!cookie) co_return co_await refuse_login(ctx, members, again, cookie.error());
  http::Response response = ctx.redirect(web::local_path(form->get("next")), "flash.welcome"_msg);
  // 307: the browser sends the same form again, now as a member, and gets its fields back.
  if (form->has(web::kCarriedTarget)) response = http::Response::temporary_redirect("/login/kept");
  response.set("Set-Cookie", *cookie);
  set_device_cookie(ctx, response, kDeviceCookie, members.devices().add(devices, normal_email(email), ctx.now));
  co_return response;
}

async<http::Response> show_carried_form(web::Context& ctx) {
  if (!ctx.viewer.signed_in()) co_return ctx.redirect("/login");
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  co_return ctx.show_carried_form(*form);
}

async<http::Response> post_logout(web::Context& ctx, session::Sessions& sessions) {
  const auto form = ctx.form();
  const std::string back(form ? web::local_path(form->get("next")) : "/");
  if (!ctx.viewer.signed_in()) co_return ctx.redirect(back);
  const std::string cookie = co_await sessions.close(ctx.call, ctx.viewer, ctx.secure);
  http::Response response = ctx.redirect(back, "flash.goodbye"_msg);
  response.set("Set-Cookie", cookie);
  ctx.announce_logout(response);
  co_return response;
}

// --- join

async<http::Response> show_join(web::Context& ctx) {
  const auto next = web::local_path(ctx.query().get("next"));
  if (ctx.viewer.signed_in()) co_return ctx.redirect(next);
  co_return ctx.page({tr("join.title"_msg), {}, true},
                     [&](view::Out& out) { join(out, Registration(), next, nullptr); });
}

async<http::Response> post_join(web::Context& ctx, Members& members, session::Sessions& sessions) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const Registration registration{std::string(form->get("email")),
                                  Name(form->get("name")),
                                  std::string(form->raw("password")),
                                  std::string(form->raw("password_again")),
                                  form->has("terms"),
                                  form->has("privacy"),
                                  form->has("news")};
  const std::string next(web::local_path(form->get("next")));
  auto claim = co_await members.join(ctx.call, registration, ctx.client_address);
  if (!claim) {
    http::Response response = ctx.page(
        {tr("join.title"_msg)}, [&](view::Out& out) { join(out, registration, next, &claim.error()); },
        static_cast<int>(claim.error().code));
    web::set_retry_after(response, claim.error());
    co_return response;
  }
  const std::string login = next == "/" ? "/login" : "/login?next=" + http::percent_encode(next);
  if (!*claim) co_return ctx.redirect(login, "flash.joined_login"_msg);
  const auto cookie = co_await sessions.open(ctx.call, std::move(**claim), false, ctx.secure, client_info(ctx));
  if (!cookie) co_return ctx.redirect(login, "flash.joined_login"_msg);
  http::Response response = ctx.redirect(next, "flash.joined"_msg);
  response.set("Set-Cookie", *cookie);
  set_device_cookie(ctx, response, kJoinedDeviceCookie,
                    members.devices().add("", normal_email(registration.email), ctx.now));
  co_return response;
}

// --- profile and one's own data

Error login_first() { return Error(ErrorCode::unauthenticated, "error.unauthenticated"_msg); }

/// Search engines do not index pages about members.
http::Response no_index(http::Response response) {
  response.set("X-Robots-Tag", "noindex");
  return response;
}

/// Names and joining dates are for members only. A guest gets the same answer for every id, so ids cannot be
/// enumerated.
async<http::Response> show_profile(web::Context& ctx, Members& members) {
  if (!ctx.viewer.signed_in()) co_return no_index(ctx.error_response(login_first()));
  const auto found = co_await members.profile(ctx.call, MemberId{ctx.params.number("id")});
  if (!found) co_return ctx.error_response(Error(ErrorCode::not_found, "members.gone"_msg));
  co_return no_index(
      ctx.page({found->name}, [&](view::Out& out) { profile(out, *found, found->id == ctx.viewer.id); }));
}

/// The values of a refused form of the page; without any, the page shows the stored ones.
struct RefusedChange {
  const Error* error = nullptr;
  std::optional<std::string> name = {};
  std::optional<bool> hidden = {};
};

async<http::Response> my_page(web::Context& ctx, Members& members, session::Sessions& sessions, RefusedChange change) {
  const OwnData stored = co_await members.own_data(ctx.call, ctx.viewer);
  const auto devices = co_await sessions.devices(ctx.call, ctx.viewer.id);
  const std::string own_key = session::Sessions::key_of(ctx.viewer.session_id);
  const MyPage page{.id = ctx.viewer.id,
                    .email = ctx.viewer.email,
                    .stored = stored,
                    .name = change.name.value_or(stored.name),
                    .hidden = change.hidden.value_or(stored.hidden),
                    .devices = devices,
                    .own_key = own_key,
                    .error = change.error,
                    .now = ctx.now};
  http::Response response = ctx.page(
      {tr("layout.my"_msg)}, [&](view::Out& out) { my(out, page); },
      change.error == nullptr ? 200 : static_cast<int>(change.error->code));
  if (change.error != nullptr) web::set_retry_after(response, *change.error);
  co_return response;
}

async<http::Response> show_my(web::Context& ctx, Members& members, session::Sessions& sessions) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  co_return co_await my_page(ctx, members, sessions, RefusedChange());
}

async<http::Response> post_name(web::Context& ctx, Members& members, session::Sessions& sessions) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const Name name(form->get("name"));
  const auto done = co_await members.rename(ctx.call, ctx.viewer, name, form->number("version"));
  if (done) co_return ctx.redirect("/my", "flash.saved"_msg);
  co_return co_await my_page(ctx, members, sessions, {.error = &done.error(), .name = name.text()});
}

async<http::Response> post_presence(web::Context& ctx, Members& members, session::Sessions& sessions,
                                    presence::Presence& presence) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const bool hidden = form->has("hidden");
  std::optional<bool> before;
  if (const auto version = form->number("version")) before = *version != 0;
  const auto done = co_await presence.hide(ctx.call, ctx.viewer, hidden, before, ctx.now);
  if (done) co_return ctx.redirect("/my#presence", "flash.saved"_msg);
  if (done.error().code != ErrorCode::conflict) co_return ctx.error_response(done.error());
  co_return co_await my_page(ctx, members, sessions, {.error = &done.error(), .hidden = hidden});
}

async<http::Response> post_password(web::Context& ctx, Members& members, session::Sessions& sessions) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  const std::string current(form->raw("current"));
  const std::string next(form->raw("password"));
  const std::string again(form->raw("password_again"));
  const auto done = co_await members.change_password(ctx.call, ctx.viewer, current, next, again);
  if (!done) co_return co_await my_page(ctx, members, sessions, {.error = &done.error()});
  co_return ctx.redirect("/my", "flash.password_changed"_msg);
}

async<http::Response> post_device_logout(web::Context& ctx, session::Sessions& sessions) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  const std::string key(ctx.params.get("key"));
  const bool ended = co_await sessions.revoke(ctx.call, ctx.viewer.id, key);
  if (!ended) co_return ctx.error_response(Error(ErrorCode::not_found, "my.device_gone"_msg));
  co_return ctx.redirect("/my#devices", "flash.device_out"_msg);
}

async<http::Response> post_logout_everywhere(web::Context& ctx, session::Sessions& sessions) {
  // A guest is already logged out: the first request may have done it, and this one may be Nginx's repetition.
  if (!ctx.viewer.signed_in()) co_return ctx.redirect("/login", "flash.everywhere_out"_msg);
  co_await sessions.revoke_all_sessions(ctx.call, ctx.viewer.id);
  http::Response response = ctx.redirect("/login", "flash.everywhere_out"_msg);
  ctx.announce_logout(response);
  co_return response;
}

}  // namespace

void add_login_routes(web::Router& router, Members& members, session::Sessions& sessions,
                      std::optional<session::Permission> needed) {
  router.get("/login", show_login);
  router.post("/login", [&, needed](web::Context& ctx) { return post_login(ctx, members, sessions, needed); });
  router.get("/login/kept", [](web::Context& ctx) -> async<http::Response> { co_return ctx.redirect("/"); });
  router.post("/login/kept", show_carried_form);
  router.post("/logout", [&](web::Context& ctx) { return post_logout(ctx, sessions); });
}

void add_site_routes(web::Router& router, Members& members, session::Sessions& sessions, presence::Presence& presence) {
  router.get("/join", show_join);
  router.post("/join", [&](web::Context& ctx) { return post_join(ctx, members, sessions); });
  router.get("/members/{id}", [&](web::Context& ctx) { return show_profile(ctx, members); });
  router.get("/my", [&](web::Context& ctx) { return show_my(ctx, members, sessions); });
  router.post("/my/name", [&](web::Context& ctx) { return post_name(ctx, members, sessions); });
  router.post("/my/presence", [&](web::Context& ctx) { return post_presence(ctx, members, sessions, presence); });
  router.post("/my/password", [&](web::Context& ctx) { return post_password(ctx, members, sessions); });
  router.post("/my/devices/{key}/logout", [&](web::Context& ctx) { return post_device_logout(ctx, sessions); });
  router.post("/my/logout-everywhere", [&](web::Context& ctx) { return post_logout_everywhere(ctx, sessions); });
}

}  // namespace ms::members
