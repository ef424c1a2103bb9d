#include <boost/json.hpp>

#include "features/servers/admin_pages.hpp"
#include "features/servers/json_codec.hpp"
#include "features/servers/page.html.hpp"
#include "features/servers/parts.html.hpp"
#include "features/servers/server.html.hpp"
#include "infra/core/text.hpp"
#include "infra/web/context.hpp"

namespace ms::servers {
namespace {

namespace json = boost::json;

http::Response not_found(const web::Context& ctx) {
  return ctx.error_response(Error(ErrorCode::not_found, "servers.gone"_msg));
}

/// Elements that Turbo morphs into the page.
http::Response stream(view::Out out) {
  http::Response response = http::Response::text(200, "text/vnd.turbo-stream.html; charset=utf-8", out.take());
  response.set("Cache-Control", "no-store");
  return response;
}

async<http::Response> show_servers(web::Context& ctx, Servers& servers) {
  const auto overview = co_await servers.monitor().read_overview(ctx.call);
  const auto history = history_buckets(co_await servers.monitor().history(ctx.call));
  const ServersPage page{*overview, history};
  co_return ctx.page({tr("servers.title"_msg)}, [&](view::Out& out) { servers_page(out, page); });
}

async<http::Response> show_live(web::Context& ctx, Servers& servers) {
  const auto overview = co_await servers.monitor().read_overview(ctx.call);
  view::Out out;
  live_stream(out, *overview);
  co_return stream(std::move(out));
}

async<http::Response> show_figures(web::Context& ctx, Servers& servers) {
  const auto overview = co_await servers.monitor().read_overview(ctx.call);
  co_return ctx.json(200, to_json(*overview));
}

/// Column by column, the format of uPlot.
async<http::Response> show_history(web::Context& ctx, Servers& servers) {
  const auto samples = co_await servers.monitor().history(ctx.call);
  json::object out;
  const auto column = [&](const char* name, auto value) {
    json::array cells;
    for (const Sample& sample : samples) cells.push_back(value(sample));
    out[name] = std::move(cells);
  };
  column("at", [](const Sample& s) -> json::value {
    return std::chrono::duration_cast<std::chrono::seconds>(s.at.time_since_epoch()).count();
  });
  column("servers", [](const Sample& s) -> json::value { return s.servers; });
  column("requests", [](const Sample& s) { return to_json(s.requests); });
  column("errors", [](const Sample& s) { return to_json(s.errors); });
  column("p50_ms", [](const Sample& s) { return to_json(s.p50_ms); });
  column("p95_ms", [](const Sample& s) { return to_json(s.p95_ms); });
  column("p99_ms", [](const Sample& s) { return to_json(s.p99_ms); });
  column("cpu", [](const Sample& s) { return to_json(s.cpu); });
  column("memory", [](const Sample& s) { return to_json(s.memory); });
  column("transactions", [](const Sample& s) { return to_json(s.transactions); });
  column("connections", [](const Sample& s) { return to_json(s.connections); });
  column("commands", [](const Sample& s) { return to_json(s.commands); });
  column("redis_memory", [](const Sample& s) { return to_json(s.redis_memory); });
  co_return ctx.json(200, out);
}

async<http::Response> show_part(web::Context& ctx, Servers& servers, Part part) {
  const auto overview = co_await servers.monitor().read_overview(ctx.call);
  co_return ctx.page({std::string(name_of(part))}, [&](view::Out& out) { one_part(out, *overview, part); });
}

async<http::Response> show_part_live(web::Context& ctx, Servers& servers, Part part) {
  const auto overview = co_await servers.monitor().read_overview(ctx.call);
  view::Out out;
  part_stream(out, *overview, part);
  co_return stream(std::move(out));
}

async<http::Response> server_page(web::Context& ctx, Servers& servers, FormState form_state) {
  const auto id = ctx.params.number("id");
  const auto overview = co_await servers.monitor().read_overview(ctx.call, ctx.read_your_writes());
  const Server* server = overview->find(id);
  if (server == nullptr) co_return not_found(ctx);
  const auto acts = co_await servers.acts(ctx.call, id);
  const Health health = health_of(*server);
  const bool serves = health == Health::up || health == Health::degraded || health == Health::draining;
  const bool last = serving(*overview) - (serves ? 1 : 0) < 1;
  const ServerPage page{*server, acts, form_state, Servers::may_act(ctx.viewer), last, ctx.now};
  const int status = form_state.error ? static_cast<int>(form_state.error->code) : 200;
  co_return ctx.page({server->name}, [&](view::Out& out) { one_server(out, page); }, status);
}

async<http::Response> show_server(web::Context& ctx, Servers& servers) {
  return server_page(ctx, servers, FormState());
}

async<http::Response> show_server_live(web::Context& ctx, Servers& servers) {
  const auto overview = co_await servers.monitor().read_overview(ctx.call);
  const Server* server = overview->find(ctx.params.number("id"));
  if (server == nullptr) co_return not_found(ctx);
  view::Out out;
  server_stream(out, *server);
  co_return stream(std::move(out));
}

async<http::Response> set_drained(web::Context& ctx, Servers& servers, bool drained) {
  const auto form = ctx.form();
  if (!form) co_return ctx.error_response(form.error());
  FormState form_state{{}, std::string(form->get("reason"))};
  const auto id = ctx.params.number("id");
  const auto done = co_await servers.set_drained(ctx.call, ctx.viewer, id, drained, form_state.reason);
  if (done) {
    const Msg message = drained ? "flash.server_rests"_msg : "flash.server_returns"_msg;
    co_return ctx.redirect("/servers/" + std::to_string(id), message);
  }
  const ErrorCode code = done.error().code;
  if (code != ErrorCode::invalid && code != ErrorCode::conflict) co_return ctx.error_response(done.error());
  form_state.error = done.error();
  co_return co_await server_page(ctx, servers, std::move(form_state));
}

}  // namespace

void add_admin_routes(web::Router& router, Servers& servers) {
  router.get("/servers", [&servers](web::Context& ctx) { return show_servers(ctx, servers); });
  router.get_polling("/servers/live", [&servers](web::Context& ctx) { return show_live(ctx, servers); });
  router.get_polling("/servers/figures", [&servers](web::Context& ctx) { return show_figures(ctx, servers); });
  router.get("/servers/history", [&servers](web::Context& ctx) { return show_history(ctx, servers); });
  for (const Part part : {Part::nginx, Part::redis, Part::postgresql}) {
    const std::string path = "/servers/" + std::string(path_of(part));
    router.get(path, [&servers, part](web::Context& ctx) { return show_part(ctx, servers, part); });
    router.get_polling(path + "/live",
                       [&servers, part](web::Context& ctx) { return show_part_live(ctx, servers, part); });
  }
  router.get("/servers/{id}", [&servers](web::Context& ctx) { return show_server(ctx, servers); });
  router.get_polling("/servers/{id}/live", [&servers](web::Context& ctx) { return show_server_live(ctx, servers); });
  router.post("/servers/{id}/rest", [&servers](web::Context& ctx) { return set_drained(ctx, servers, true); });
  router.post("/servers/{id}/return", [&servers](web::Context& ctx) { return set_drained(ctx, servers, false); });
}

}  // namespace ms::servers
