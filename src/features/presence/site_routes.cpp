#include "features/presence/online.html.hpp"
#include "features/presence/presence.hpp"
#include "infra/web/context.hpp"

namespace ms::presence {
namespace {

async<http::Response> show_online(web::Context& ctx, Presence& presence) {
  const auto online = co_await presence.online(ctx.call, ctx.viewer, ctx.now);
  http::Response response = ctx.page(
      {tr("online.title"_msg)}, [&](view::Out& out) { online_page(out, online ? &*online : nullptr, ctx.viewer); });
  response.set("X-Robots-Tag", "noindex");
  co_return response;
}

async<http::Response> post_hide(web::Context& ctx, Presence& presence) {
  if (!ctx.viewer.signed_in()) co_return ctx.refuse(Error(Code::unauthenticated, "error.unauthenticated"_msg));
  const auto form = ctx.form();
  if (!form) co_return ctx.refuse(form.error());
  const auto done = co_await presence.hide(ctx.call, ctx.viewer, form->has("hidden"), ctx.now);
  if (!done) co_return ctx.refuse(done.error());
  co_return ctx.redirect("/my#presence", "flash.saved"_msg);
}

}  // namespace

void add_site_routes(web::Router& router, Presence& presence) {
  router.get("/online", [&](web::Context& ctx) { return show_online(ctx, presence); });
  router.post("/my/presence", [&](web::Context& ctx) { return post_hide(ctx, presence); });
}

}  // namespace ms::presence
