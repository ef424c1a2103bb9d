#include <boost/json.hpp>

#include "features/notifications/notifications.hpp"
#include "infra/web/context.hpp"

// A member's notifications: /api/v1/notifications.
namespace ms::notifications {
namespace {

namespace json = boost::json;

/// Actor and subject are null when they may not be shown (any more); the actor of an act of staff is always null.
json::object line_json(const Notification& line) {
  json::object out{
      {"id", line.number},     {"kind", name_of(line.kind)}, {"message", line.words()},       {"actor", nullptr},
      {"post_id", nullptr},    {"post_title", nullptr},      {"comment_id", nullptr},         {"url", nullptr},
      {"reason", line.reason}, {"read", line.read},          {"created_at", rfc3339(line.at)}};
  const bool of_staff = by_staff(line.kind);
  if (!of_staff && !line.href.empty()) out["actor"] = json::object{{"id", line.actor.value}, {"name", line.actor_name}};
  if (of_staff || !line.post_href.empty()) out["post_id"] = line.post.value;
  if (!line.title.empty()) out["post_title"] = line.title;
  if (line.comment && (of_staff || !line.href.empty())) out["comment_id"] = line.comment.value;
  if (!line.href.empty()) out["url"] = line.href;
  return out;
}

/// ?before= of a list, 0 when it is not given.
Result<std::int64_t> before_of(const http::Form& query) {
  if (!query.has("before")) return 0;
  const auto number = query.number("before");
  if (number && *number > 0) return *number;
  return Unexpected(Error(ErrorCode::invalid, "error.invalid"_msg, {{"before", "api.not_before"_msg}}));
}

Error login_first() { return Error(ErrorCode::unauthenticated, "error.unauthenticated"_msg); }

async<http::Response> answer(web::Context& ctx, Notifications& notifications, std::int64_t before) {
  const Page page = co_await notifications.page(ctx.call, ctx.viewer, before);
  json::array items;
  for (const Notification& line : page.lines) items.push_back(line_json(line));
  json::object out{{"items", std::move(items)}, {"unread", page.unread}, {"next", nullptr}};
  if (page.more) out["next"] = page.lines.back().number;
  co_return ctx.json(200, out);
}

async<http::Response> list(web::Context& ctx, Notifications& notifications) {
  if (!ctx.viewer.signed_in()) co_return ctx.error_response(login_first());
  const auto before = before_of(ctx.query());
  if (!before) co_return ctx.error_response(before.error());
  co_return co_await answer(ctx, notifications, *before);
}

async<http::Response> read_all(web::Context& ctx, Notifications& notifications) {
  const auto done = co_await notifications.read_all(ctx.call, ctx.viewer, INT64_MAX);
  if (!done) co_return ctx.error_response(done.error());
  co_return http::Response(204);
}

async<http::Response> read_line(web::Context& ctx, Notifications& notifications) {
  const auto line = co_await notifications.find(ctx.call, ctx.viewer, ctx.params.number("number"));
  if (!line) co_return ctx.error_response(line.error());
  const auto done = co_await notifications.read(ctx.call, ctx.viewer, line->number);
  if (!done) co_return ctx.error_response(done.error());
  co_return http::Response(204);
}

}  // namespace

void add_api_routes(web::Router& router, Notifications& notifications) {
  router.get("/api/v1/notifications", [&](web::Context& ctx) { return list(ctx, notifications); });
  router.post("/api/v1/notifications/read", [&](web::Context& ctx) { return read_all(ctx, notifications); });
  router.post("/api/v1/notifications/{number}/read", [&](web::Context& ctx) { return read_line(ctx, notifications); });
}

}  // namespace ms::notifications
