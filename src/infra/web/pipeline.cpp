#include "infra/web/pipeline.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"

namespace ms::web {
namespace {

using std::chrono::steady_clock;

// Everything comes from our own origin; no inline script or style, no framing, forms post only to us.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

bool is_safe(http::Method method) { return method == http::Method::get || method == http::Method::head; }

/// "example.kr:8080" without its port.
std::string_view host_part(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const bool port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  return port ? authority.substr(0, colon) : authority;
}

Error why(const std::exception_ptr& failure, const http::Request& request, std::string_view id) {
  try {
    std::rethrow_exception(failure);
  } catch (const pg::Unavailable& gone) {
    spdlog::warn("request {} {}: database unavailable: {}", id, request.method_name, gone.what());
    return Error(Code::unavailable, "error.unavailable"_msg);
  } catch (const std::exception& bug) {
    spdlog::error("request {} {} {}: {}", id, request.method_name, request.path, bug.what());
  }
  return Error(Code::internal, "error.internal"_msg);
}

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

bool same_origin(const http::Request& request) {
  if (is_safe(request.method)) return true;
  const auto site = request.header("sec-fetch-site");
  if (!site.empty()) return site == "same-origin" || site == "none";
  auto origin = request.header("origin");
  if (origin.empty()) return true;  // not a browser: nobody's cookies are misused
  const auto scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  origin.remove_prefix(scheme + 3);
  const auto host = request.header("host");
  return host_part(host) == host ? host_part(origin) == host : origin == host;
}

Pipeline::Pipeline(const Router& router, const Shell& shell, session::Sessions& sessions, redis::Client& redis,
                   PipelineConfig config, Gate gate, Prepare prepare)
    : router_(router),
      shell_(shell),
      sessions_(sessions),
      redis_(redis),
      config_(std::move(config)),
      gate_(std::move(gate)),
      prepare_(std::move(prepare)) {}

async<http::Response> Pipeline::answer(const http::Request& request) {
  const auto begun = steady_clock::now();
  Timing timing;
  std::string id(request.header("x-request-id"));
  if (id.empty() || id.size() > 64 || has_control(id)) id = secret::random_text(12);
  const Call call(begun + config_.request_time, id, &timing);
  http::Response response;
  std::exception_ptr failure;
  try {
    response = co_await routed(request, call);
  } catch (...) { failure = std::current_exception(); }
  if (failure) response = context(request, call, session::Viewer()).refuse(why(failure, request, id));
  response.set("X-Request-Id", id);
  finish(request, response, timing, begun);
  co_return response;
}

http::Response Pipeline::refuse(const http::Request& request, const Error& error) const {
  const auto begun = steady_clock::now();
  http::Response response = context(request, Call(begun, {}), session::Viewer()).refuse(error);
  finish(request, response, Timing(), begun);
  return response;
}

async<http::Response> Pipeline::routed(const http::Request& request, const Call& call) {
  if (!same_origin(request)) {
    co_return context(request, call, session::Viewer()).refuse(Error(Code::forbidden, "error.cross_site"_msg));
  }
  Router::Match match = router_.match(request.method, request.path);
  if (match.handler == nullptr && !match.allow.empty()) {
    http::Response response =
        context(request, call, session::Viewer()).refuse(Error(Code::method_not_allowed, "error.method"_msg));
    response.set("Allow", match.allow);
    co_return response;
  }
  session::Viewer viewer = co_await sessions_.identify(call, request.cookie(config_.cookie));
  Context ctx = context(request, call, std::move(viewer));
  if (prepare_) co_await prepare_(ctx);
  if (gate_) {
    if (auto stopped = gate_(ctx)) co_return std::move(*stopped);
  }
  if (match.handler == nullptr) co_return ctx.refuse(Error(Code::not_found, "error.not_found"_msg));
  ctx.params = std::move(match.params);
  co_return co_await (*match.handler)(ctx);
}

Context Pipeline::context(const http::Request& request, const Call& call, session::Viewer viewer) const {
  const bool tls = request.header("x-forwarded-proto") == "https" && config_.proxies.contains(request.peer);
  return Context(request, shell_, call, std::move(viewer), client_address(request), tls, !redis_.up());
}

std::string Pipeline::client_address(const http::Request& request) const {
  std::string_view address = request.peer;
  std::string_view chain = request.header("x-forwarded-for");
  // From the right: each proxy that is ours vouches for the address before it.
  while (config_.proxies.contains(address) && !chain.empty()) {
    const auto comma = chain.rfind(',');
    address = trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
  }
  constexpr std::size_t kLongestAddress = 45;  // of IPv6 with an embedded IPv4
  return std::string(address.substr(0, kLongestAddress));
}

void Pipeline::finish(const http::Request& request, http::Response& response, const Timing& timing,
                      steady_clock::time_point begun) const {
  response.set("X-Content-Type-Options", "nosniff");
  if (!request.path.starts_with("/api/")) {
    response.set("Content-Security-Policy", kContentPolicy);
    response.set("Referrer-Policy", "same-origin");
  }
  if (!config_.served_by.empty()) response.set("X-Served-By", config_.served_by);
  if (config_.show_timing) {
    response.set("Server-Timing", fmt::format("app;dur={:.2f}, pg;dur={:.2f};desc={}, redis;dur={:.2f};desc={}",
                                              milliseconds(steady_clock::now() - begun), milliseconds(timing.pg),
                                              timing.pg_trips, milliseconds(timing.redis), timing.redis_trips));
  }
}

}  // namespace ms::web
