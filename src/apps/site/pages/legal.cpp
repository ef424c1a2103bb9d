#include "apps/site/pages/legal.html.hpp"
#include "apps/site/pages/pages.hpp"
#include "infra/web/context.hpp"

namespace ms::site {
namespace {

async<http::Response> show_terms(web::Context& ctx) {
  co_return ctx.page({tr("layout.terms"_msg)}, [&](view::Out& out) { terms(out, *ctx.shell.site); });
}

async<http::Response> show_privacy(web::Context& ctx) {
  co_return ctx.page({tr("layout.privacy"_msg)}, [&](view::Out& out) { privacy(out, *ctx.shell.site); });
}

}  // namespace

void add_legal_routes(web::Router& router) {
  router.get("/terms", show_terms);
  router.get("/privacy", show_privacy);
}

}  // namespace ms::site
