#include <boost/json.hpp>

#include "features/presence/presence.hpp"
#include "infra/web/context.hpp"

// Who is online: /api/v1/online.
namespace ms::presence {
namespace {

namespace json = boost::json;

/// Unknown values, and names for a guest, are null.
async<http::Response> show(web::Context& ctx, Presence& presence) {
  const auto online = co_await presence.online(ctx.call, ctx.viewer, ctx.now);
  json::object out{{"members", nullptr}, {"guests", nullptr}, {"people", nullptr}};
  if (!online) co_return ctx.json(200, out);
  out["members"] = online->counts.members;
  out["guests"] = online->counts.guests;
  if (!ctx.viewer.signed_in()) co_return ctx.json(200, out);
  json::array people;
  for (const Person& person : online->people) {
    people.push_back(json::object{{"id", person.id.value}, {"name", person.name}});
  }
  out["people"] = std::move(people);
  co_return ctx.json(200, out);
}

}  // namespace

void add_api_routes(web::Router& router, Presence& presence) {
  router.get("/api/v1/online", [&](web::Context& ctx) { return show(ctx, presence); });
}

}  // namespace ms::presence
