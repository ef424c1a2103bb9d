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

}  // namespace

void add_site_routes(web::Router& router, Presence& presence) {
  router.get("/online", [&](web::Context& ctx) { return show_online(ctx, presence); });
}

}  // namespace ms::presence
