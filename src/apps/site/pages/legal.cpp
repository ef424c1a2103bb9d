#include "apps/site/pages/legal.html.hpp"
#include "apps/site/pages/pages.hpp"
#include "infra/web/context.hpp"

namespace ms::site {
namespace {

async<http::Response> show_terms(web::Context& ctx) {
  co_return ctx.page({.title = tr("layout.terms"_msg), .canonical = "/terms"},
                     [&](view::Out& out) { terms(out, *ctx.shell.site); });
}

async<http::Response> show_privacy(web::Context& ctx) {
  co_return ctx.page({.title = tr("layout.privacy"_msg), .canonical = "/privacy"},
                     [&](view::Out& out) { privacy(out, *ctx.shell.site); });
}

/// For crawlers (RFC 9309): members' pages, forms, and pages that change at every request. Pages that only must not be
/// listed say so themselves.
constexpr std::string_view kRobots =
    "User-agent: *\n"
    "Disallow: /api/\n"
    "Disallow: /events\n"
    "Disallow: /login\n"
    "Disallow: /join\n"
    "Disallow: /my\n"
    "Disallow: /notifications\n"
    "Disallow: /members/\n"
    "Disallow: /online\n"
    "Disallow: /comments/\n"
    "Disallow: /*/write\n"
    "Disallow: /*/edit\n";

async<http::Response> show_robots(web::Context&) {
  http::Response response = http::Response::text(200, "text/plain; charset=utf-8", std::string(kRobots));
  response.set("Cache-Control", "public, max-age=3600");
  co_return response;
}

}  // namespace

void add_legal_routes(web::Router& router) {
  router.get("/robots.txt", show_robots);
  router.get("/terms", show_terms);
  router.get("/privacy", show_privacy);
}

}  // namespace ms::site
