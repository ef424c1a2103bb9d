#include <string_view>

#include "apps/site/pages/pages.hpp"
#include "infra/web/context.hpp"

// The description of the API, src/apps/site/openapi.json, as a part of the program.
namespace ms::site {

extern const std::string_view kOpenapi;  // made by ms_embed

namespace {

async<http::Response> describe(web::Context&) {
  http::Response response = http::Response::text(200, "application/json", std::string(kOpenapi));
  response.set("Cache-Control", "no-cache");
  co_return response;
}

}  // namespace

void add_openapi_route(web::Router& router) { router.get("/api/v1/openapi.json", describe); }

}  // namespace ms::site
