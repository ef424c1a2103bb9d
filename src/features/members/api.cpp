#include <boost/json.hpp>

#include "features/members/members.hpp"
#include "features/members/staff.hpp"
#include "infra/web/context.hpp"
#include "infra/web/json_fields.hpp"

// Login, logout and the logged-in member: /api/v1/session and /api/v1/me.
namespace ms::members {
namespace {

namespace json = boost::json;

json::array names(const session::Permissions& permissions) {
  json::array out;
  const std::string joined = permissions.names();
  for (std::string_view rest = joined; !rest.empty();) {
    const auto comma = rest.find(',');
    out.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return out;
}

json::object me_json(const session::Viewer& viewer) {
  return {{"id", viewer.id.value},
          {"email", viewer.email},
          {"name", viewer.name},
          {"role", session::name_of(viewer.role)},
          {"permissions", names(viewer.permissions)}};
}

/// The text between '=' and ';' of a Set-Cookie line.
std::string_view cookie_value(std::string_view line) {
  line = line.substr(0, line.find(';'));
  return line.substr(line.find('=') + 1);
}

async<http::Response> refuse_login(web::Context& ctx, Members& members, std::string email, Error error) {
  if (error.message != "login.suspended"_msg) co_return ctx.error_response(error);
  const auto until = co_await members.suspended_until(ctx.call, std::move(email));
  if (!until) co_return ctx.error_response(error);
  json::object more{{"until", nullptr}};
  if (*until < kForever) more["until"] = rfc3339(*until);
  co_return web::problem(error, more);
}

async<http::Response> log_in(web::Context& ctx, Members& members, session::Sessions& sessions) {
  auto body = ctx.json_body();
  if (!body) co_return ctx.error_response(body.error());
  web::JsonFields fields(std::move(*body));
  std::string email = fields.text("email");
  std::string password = fields.raw_text("password");
  if (auto ok = fields.finish(); !ok) co_return ctx.error_response(ok.error());

  auto claim = co_await members.authenticate(ctx.call, {email, std::move(password), ctx.client_address});
  if (!claim) co_return co_await refuse_login(ctx, members, std::move(email), claim.error());
  session::ClientInfo client_info{ctx.client_address.text(), std::string(ctx.request.header("user-agent"))};
  const auto cookie = co_await sessions.open(ctx.call, std::move(*claim), false, ctx.secure, std::move(client_info));
  if (!cookie) co_return co_await refuse_login(ctx, members, std::move(email), cookie.error());
  // Identifies the member by the new cookie, so that the response agrees with what the next request will find.
  const session::Viewer viewer = co_await sessions.identify(ctx.call, session::Sessions::Cookie{cookie_value(*cookie)});
  http::Response response = ctx.json(201, me_json(viewer));
  response.set("Set-Cookie", *cookie);
  response.set("Location", "/api/v1/me");
  co_return response;
}

/// A guest gets the same answer: logging out is idempotent, so a repeated call is no error (RFC 9110 section 9.2.2).
async<http::Response> log_out(web::Context& ctx, session::Sessions& sessions) {
  http::Response response(204);
  if (!ctx.viewer.signed_in()) co_return response;
  const std::string cookie = co_await sessions.close(ctx.call, ctx.viewer, ctx.secure);
  response.set("Set-Cookie", cookie);
  co_return response;
}

async<http::Response> show_me(web::Context& ctx) {
  if (!ctx.viewer.signed_in())
    co_return ctx.error_response(Error(ErrorCode::unauthenticated, "error.unauthenticated"_msg));
  co_return ctx.json(200, me_json(ctx.viewer));
}

}  // namespace

void add_api_routes(web::Router& router, Members& members, session::Sessions& sessions) {
  router.post("/api/v1/session", [&](web::Context& ctx) { return log_in(ctx, members, sessions); });
  router.del("/api/v1/session", [&](web::Context& ctx) { return log_out(ctx, sessions); });
  router.get("/api/v1/me", show_me);
}

}  // namespace ms::members
