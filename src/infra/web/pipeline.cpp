#include "infra/web/pipeline.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <ranges>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/io/sleep.hpp"

namespace ms::web {
namespace {

using std::chrono::steady_clock;

constexpr int kMoved = 308;
constexpr int kFirstRefusal = 400;
constexpr auto kLookAgain = std::chrono::milliseconds(100);

// Everything comes from our own origin; no inline script or style, no framing, forms post only to us.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

/// `route` is a pattern: a path may hold what nobody else is to read.
Error why(const std::exception_ptr& failure, const http::Request& request, std::string_view route,
          std::string_view id) {
  try {
    std::rethrow_exception(failure);
  } catch (const pg::Unavailable& gone) {
    spdlog::warn("request {} {}: database unavailable: {}", id, request.method_name, gone.what());
    return Error(ErrorCode::unavailable, "error.unavailable"_msg);
  } catch (const std::exception& bug) {
    spdlog::error("request {} {} {}: {}", id, request.method_name, route, bug.what());
  } catch (...) { spdlog::error("request {} {} {}: no std::exception", id, request.method_name, route); }
  return Error(ErrorCode::internal, "error.internal"_msg);
}

/// Answers that a repetition of a write that went well may get.
bool may_be_repetition(int status) {
  return status == 403 || status == 404 || status == 409 || status == 412 || status == 422;
}

bool good_key(std::string_view key) {
  return !key.empty() && key.size() <= 128 && std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7F; });
}

/// Whether a form says that its page was made for somebody else than who is logged in now. Who is logged out is asked
/// to log in by the handler. Fields by which a form says it: infra/web/idempotency_field.html; what a script sends
/// without them has the header (web/js/member.js).
bool is_of_other_page(const Context& ctx) {
  if (ctx.is_api() || !ctx.viewer.signed_in()) return false;
  std::string_view said = ctx.request.header("x-member");
  const auto form = http::Form::of_body(ctx.request.header("content-type"), ctx.request.body);
  if (form && form->has("member")) said = form->get("member");
  return !said.empty() && said != fmt::format_int(ctx.viewer.id.value).c_str();
}

/// Tells a script that this answer to a form is ours, with what was typed, and not Nginx's.
void say_member(const Context& ctx, http::Response& response) {
  response.set("X-Member", fmt::format_int(ctx.viewer.id.value).c_str());
}

/// What would make a repetition of this write known, from the most to the least certain: the API client's
/// Idempotency-Key, the id of the form as it was shown, Nginx's id of the request (the same when it asks the next
/// server).
std::optional<IdempotencyKey> idempotency_key_of(const Context& ctx, bool trusted_peer) {
  const http::Request& request = ctx.request;
  const std::string_view type = request.header("content-type");
  const auto form = http::Form::of_body(type, request.body);
  std::string asked(request.method_name);
  asked.append(" ").append(request.target).append("\n");
  // The boundaries of a multipart body are others each time that it is sent.
  asked.append(form && http::multipart_boundary(type) ? form->encoded() : request.body);
  IdempotencyKey idempotency_key{{}, secret::sha256(asked), std::nullopt};
  const auto api_key = request.header("idempotency-key");
  if (ctx.is_api() && good_key(api_key)) {
    idempotency_key.key = fmt::format("api:{}:{}", ctx.viewer.id.value, api_key);
    return idempotency_key;
  }
  if (form && good_key(form->get("once"))) {
    // With what was typed: whoever goes back and sends something else means another write. And with who sent it: a
    // stream gives many readers the same form.
    idempotency_key.key = fmt::format("form:{}:{}:{}", ctx.viewer.id.value, form->get("once"),
                                      secret::base64(idempotency_key.fingerprint));
    return idempotency_key;
  }
  const auto request_id = request.header("x-request-id");
  if (!trusted_peer || !good_key(request_id)) return std::nullopt;
  idempotency_key.key = fmt::format("request:{}", request_id);
  return idempotency_key;
}

/// Milliseconds with two decimals, and how often it was asked: cheaper to write than a floating number.
void put(std::string& out, std::string_view part, std::chrono::nanoseconds time, std::optional<int> trips = {}) {
  const auto hundredths = time / std::chrono::microseconds(10);
  out.append(part).append(";dur=").append(fmt::format_int(hundredths / 100).c_str());
  out.append({'.', static_cast<char>('0' + hundredths / 10 % 10), static_cast<char>('0' + hundredths % 10)});
  if (trips) out.append(";desc=").append(fmt::format_int(*trips).c_str());
}

std::string server_timing(const Timing& timing, std::chrono::nanoseconds time) {
  constexpr std::size_t kDefault = 96;
  std::string out;
  out.reserve(kDefault);
  put(out, "app", time);
  put(out, ", pg", timing.pg, timing.pg_trips);
  put(out, ", redis", timing.redis, timing.redis_trips);
  return out;
}

}  // namespace

Pipeline::Pipeline(const Router& router, const Shell& shell, pg::Db& db, session::Sessions& sessions,
                   redis::Client& redis, PipelineConfig config, Gate gate, Prepare prepare, Observe observe,
                   Purge purge)
    : router_(router),
      shell_(shell),
      db_(db),
      sessions_(sessions),
      redis_(redis),
      config_(std::move(config)),
      gate_(std::move(gate)),
      prepare_(std::move(prepare)),
      observe_(std::move(observe)),
      purge_(std::move(purge)) {
  for (const std::string& url : {shell.site->url, shell.site->admin_url}) {
    if (auto origin = Origin::parse(url)) own_origins_.push_back(*std::move(origin));
  }
  of_every_answer_.set("X-Content-Type-Options", "nosniff");
  if (!config_.served_by.empty()) of_every_answer_.set("X-Served-By", config_.served_by);
  of_every_page_ = of_every_answer_;
  of_every_page_.set("Content-Security-Policy", kContentPolicy).set("Referrer-Policy", "same-origin");
}

async<http::Response> Pipeline::answer(const http::Request& request, std::chrono::milliseconds at_most) {
  const auto begun = steady_clock::now();
  Timing timing;
  std::string id(request.header("x-request-id"));
  if (id.empty() || id.size() > 64 || has_control(id)) id = secret::random_id(12);
  const Call call(begun + std::min(config_.request_time, at_most), id, &timing);
  http::Response response;
  std::optional<std::size_t> route;
  std::exception_ptr failure;
  try {
    response = co_await routed(request, call, route);
  } catch (...) { failure = std::current_exception(); }
  if (failure) {
    const std::string_view pattern = route ? router_.pattern(*route) : "-";
    response = context(request, call, session::Viewer()).error_response(why(failure, request, pattern, id));
  }
  response.set("X-Request-Id", id);
  const auto time = steady_clock::now() - begun;
  finish(request, response, timing, time);
  observe_({request, route, response.status, time, timing, id});
  co_return response;
}

http::Response Pipeline::error_response(const http::Request& request, const Error& error) const {
  const auto begun = steady_clock::now();
  http::Response response = context(request, Call(begun, {}), session::Viewer()).error_response(error);
  finish(request, response, Timing(), steady_clock::now() - begun);
  return response;
}

async<http::Response> Pipeline::routed(const http::Request& request, const Call& call,
                                       std::optional<std::size_t>& route) {
  if (!same_origin(request, secure(request), own_origins_)) {
    co_return context(request, call, session::Viewer())
        .error_response(Error(ErrorCode::forbidden, "error.cross_site"_msg), false);
  }
  Router::Match match = router_.match(request.method, request.path);
  route = match.route;
  if (match.handler == nullptr && !match.allow.empty()) {
    http::Response response = context(request, call, session::Viewer())
                                  .error_response(Error(ErrorCode::method_not_allowed, "error.method"_msg));
    response.set("Allow", match.allow);
    co_return response;
  }
  if (match.handler == nullptr) {
    if (const auto usual = usual_path(request)) co_return context(request, call, session::Viewer()).moved(*usual);
  }
  const auto use = match.background ? session::SessionTouch::no : session::SessionTouch::yes;
  session::Viewer viewer = co_await sessions_.identify(call, sessions_.cookie_of(request), use);
  Context ctx = context(request, call, std::move(viewer));
  if (prepare_) co_await prepare_(ctx);
  ctx.params = std::move(match.params);
  if (gate_) {
    if (auto stopped = gate_(ctx)) {
      // What was done under an address that has moved since is not done once more under the new one.
      if (stopped->status == kMoved && match.handler != nullptr && !http::is_safe(request.method)) {
        auto again = co_await repetition(ctx, *match.handler);
        if (again) co_return std::move(*again);
      }
      co_return std::move(*stopped);
    }
  }
  if (match.handler == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "error.not_found"_msg));
  if (http::is_safe(request.method)) co_return co_await (*match.handler)(ctx);
  if (is_of_other_page(ctx)) {
    http::Response response = ctx.stale_form_response();
    say_member(ctx, response);
    co_return response;
  }
  http::Response response = co_await write(ctx, *match.handler);
  if (!ctx.is_api()) say_member(ctx, response);
  if (response.status < kFirstRefusal && !ctx.is_api()) ctx.set_read_your_writes(response);
  co_return response;
}

std::optional<std::string> Pipeline::usual_path(const http::Request& request) const {
  if (!http::is_safe(request.method)) return std::nullopt;
  std::string usual;
  for (const auto part : std::views::split(request.path, '/')) {
    if (!part.empty()) usual.append("/").append(std::string_view(part));
  }
  if (usual.empty()) usual = "/";
  // A program is told that its address is wrong. And no path leads to another site, whatever the routes are.
  if (usual.starts_with("/api/") || local_path(usual) != usual) return std::nullopt;
  if (router_.match(request.method, usual).handler == nullptr) return std::nullopt;
  return usual;
}

async<http::Response> Pipeline::write(Context& ctx, const Handler& handler) {
  std::optional<IdempotencyKey> idempotency_key = idempotency_key_of(ctx, config_.proxies.contains(ctx.request.peer));
  bool note_purge = false;
  ctx.call.set_purge_flag(&note_purge);
  http::Response response;
  if (idempotency_key) {
    response = co_await write_idempotent(ctx, handler, *idempotency_key);
  } else {
    response = co_await handler(ctx);
  }
  // A repetition takes nothing away itself; whether the first time came as far as here, nobody knows.
  if (!note_purge && !(idempotency_key && idempotency_key->previous_result)) co_return response;
  const bool purged = co_await purge_(ctx.call.request_id());
  if (!purged) ctx.warn_unpurged(response);
  co_return response;
}

async<std::optional<http::Response>> Pipeline::repetition(Context& ctx, const Handler& handler) {
  std::optional<IdempotencyKey> idempotency_key = idempotency_key_of(ctx, config_.proxies.contains(ctx.request.peer));
  if (!idempotency_key) co_return std::nullopt;
  const auto known = co_await look_up(ctx, *idempotency_key, false);
  if (!known || !*known || !(*known)->same_request) co_return std::nullopt;
  idempotency_key->previous_result = (*known)->result;
  ctx.call.set_idempotency_key(&*idempotency_key);
  http::Response response = co_await handler(ctx);
  co_return response;
}

async<http::Response> Pipeline::write_idempotent(Context& ctx, const Handler& handler,
                                                 IdempotencyKey& idempotency_key) {
  ctx.call.set_idempotency_key(&idempotency_key);
  std::optional<http::Response> first;
  std::exception_ptr lost;
  try {
    first = co_await handler(ctx);
  } catch (const pg::Unavailable&) { lost = std::current_exception(); }
  if (first && !may_be_repetition(first->status)) co_return std::move(*first);
  // Unexpected perhaps because the first time did it already, or the answer to the COMMIT was lost: the key tells.
  const auto known = co_await look_up(ctx, idempotency_key, lost != nullptr);
  if (!known) {  // PostgreSQL does not answer
    if (lost) std::rethrow_exception(lost);
    co_return std::move(*first);
  }
  if (!*known && first) co_return std::move(*first);
  if (*known && !(*known)->same_request) {
    co_return ctx.error_response(Error(ErrorCode::invalid, "error.key_reused"_msg));
  }
  // Nothing was done: done now. Were the lost transaction still to commit, the key would refuse this one.
  if (*known) idempotency_key.previous_result = (*known)->result;
  co_return co_await handler(ctx);
}

async<std::optional<std::optional<idempotency::Found>>> Pipeline::look_up(const Context& ctx,
                                                                          const IdempotencyKey& idempotency_key,
                                                                          bool patient) {
  while (true) {
    try {
      co_return co_await idempotency::find(db_, ctx.call, idempotency_key, ctx.viewer.id);
    } catch (const pg::Unavailable&) {}
    if (!patient || steady_clock::now() + kLookAgain >= ctx.call.deadline()) co_return std::nullopt;
    co_await sleep_for(kLookAgain);
  }
}

Context Pipeline::context(const http::Request& request, const Call& call, session::Viewer viewer) const {
  return Context(request, shell_, call, std::move(viewer), client_address(request), secure(request), !redis_.up());
}

bool Pipeline::secure(const http::Request& request) const {
  return config_.https || (request.header("x-forwarded-proto") == "https" && config_.proxies.contains(request.peer));
}

std::string Pipeline::client_address(const http::Request& request) const {
  return config_.proxies.client(request.peer, request.header("x-forwarded-for"));
}

void Pipeline::finish(const http::Request& request, http::Response& response, const Timing& timing,
                      std::chrono::nanoseconds time) const {
  response.add_head_of(request.path.starts_with("/api/") ? of_every_answer_ : of_every_page_);
  // Whoever is asked to come later is told when, whichever page says so; browsers and other programs then try again.
  constexpr std::string_view kRetrySeconds = "5";
  if (response.status == static_cast<int>(ErrorCode::unavailable) && !response.head().contains("Retry-After:")) {
    response.set("Retry-After", kRetrySeconds);
  }
  if (config_.show_timing) response.set("Server-Timing", server_timing(timing, time));
}

}  // namespace ms::web
