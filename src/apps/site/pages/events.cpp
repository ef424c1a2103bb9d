#include "apps/site/pages/pages.hpp"
#include "infra/live/hub.hpp"
#include "infra/live/topic.hpp"
#include "infra/web/context.hpp"

// Updates after a page was shown, as server-sent events (docs/decisions/0015-live.md).
namespace ms::site {
namespace {

async<http::Response> follow(web::Context& ctx, live::Hub& hub) {
  const auto topics = ctx.query().get("topics");
  const auto last = ctx.request.header("last-event-id");
  auto positions = live::parse_positions(last.empty() ? topics : last);
  const bool reload = !positions || positions->empty();  // without positions the client cannot know what it missed
  // When the last id cannot be parsed, the topics of the page are followed.
  if (!positions) positions = live::parse_positions(topics);
  if (!positions) positions.emplace();
  auto admitted = co_await hub.admit(ctx.call, ctx.viewer, std::move(*positions), reload);
  if (!admitted) co_return web::problem(admitted.error());
  const auto begin = [&hub, place = *admitted](std::shared_ptr<http::Stream> stream) {
    hub.open(place, std::move(stream));
  };
  http::Response response = http::Response::stream("text/event-stream", begin);
  response.set("Cache-Control", "no-store");
  response.set("X-Accel-Buffering", "no");
  co_return response;
}

}  // namespace

void add_events_route(web::Router& router, live::Hub& hub) {
  router.get_polling(kEvents, [&hub](web::Context& ctx) { return follow(ctx, hub); });
}

}  // namespace ms::site
