#include "infra/web/pipeline.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <ranges>

#include "infra/core/secret.hpp"
#include "infra/core/text.hpp"
#include "infra/http/body_reader.hpp"
#include "infra/http/wire.hpp"
#include "infra/io/sleep.hpp"

namespace ms::web {
namespace {

using std::chrono::steady_clock;

constexpr int kPermanentRedirect = 308;
constexpr int kFirstErrorStatus = 400;
constexpr auto kRetryDelay = std::chrono::milliseconds(100);

// Everything comes from our own origin: no inline scripts or styles, no framing, forms are sent only to us.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

/// `route` is a pattern: a path may hold what others must not read.
Error error_of(const std::exception_ptr& failure, const http::Request& request, std::string_view route,
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

/// Responses that a repetition of a successful write may get.
bool may_be_repetition(int status) {
  return status == 403 || status == 404 || status == 409 || status == 412 || status == 422;
}

bool is_valid_key(std::string_view key) {
  return !key.empty() && key.size() <= 128 && std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7F; });
}

/// Whether a form was on a page for another member than the one who is logged in now. (A guest is asked to log in by
/// the handler.) The form says it in a field (infra/web/idempotency_field.html); scripts that send no fields use the
/// header (web/js/member.js).
bool is_from_other_member(const Context& ctx) {
  if (ctx.is_api() || !ctx.viewer.signed_in()) return false;
  std::string_view member = ctx.request.header("x-member");
  const auto& form = ctx.sent_form();
  if (form && form->has("member")) member = form->get("member");
  return !member.empty() && member != fmt::format_int(ctx.viewer.id.value).c_str();
}

/// Lets a script know that this response to a form comes from us and not from Nginx, so that it holds the fields.
void set_member_header(const Context& ctx, http::Response& response) {
  response.set("X-Member", fmt::format_int(ctx.viewer.id.value).c_str());
}

/// The key that identifies repetitions of this write, from the most to the least certain: the API client's
/// Idempotency-Key, the key of the form as it was shown, Nginx's id of the request (it is the same when Nginx asks the
/// next server).
std::optional<IdempotencyKey> idempotency_key_of(const Context& ctx, bool trusted_peer) {
  const http::Request& request = ctx.request;
  const auto& form = ctx.sent_form();
  std::string hashed(request.method_name);
  hashed.append(" ").append(request.target).append("\n");
  hashed.append(ctx.form_fingerprint());
  IdempotencyKey idempotency_key{{}, secret::sha256(hashed), std::nullopt};
  const auto api_key = request.header("idempotency-key");
  if (ctx.is_api() && is_valid_key(api_key)) {
    idempotency_key.key = fmt::format("api:{}:{}", ctx.viewer.id.value, api_key);
    return idempotency_key;
  }
  if (form && is_valid_key(form->get("once"))) {
    // Includes the fields: whoever goes back and sends something else wants another write. Includes the member: a
    // stream gives many viewers the same form.
    idempotency_key.key = fmt::format("form:{}:{}:{}", ctx.viewer.id.value, form->get("once"),
                                      secret::base64(idempotency_key.fingerprint));
    return idempotency_key;
  }
  const auto request_id = request.header("x-request-id");
  if (!trusted_peer || !is_valid_key(request_id)) return std::nullopt;
  idempotency_key.key = fmt::format("request:{}", request_id);
  return idempotency_key;
}

/// Milliseconds with two decimals, and the number of round trips; cheaper than formatting a floating-point number.
void append_timing(std::string& out, std::string_view part, std::chrono::nanoseconds time,
                   std::optional<int> trips = {}) {
  const auto hundredths = time / std::chrono::microseconds(10);
  out.append(part).append(";dur=").append(fmt::format_int(hundredths / 100).c_str());
  out.append({'.', static_cast<char>('0' + hundredths / 10 % 10), static_cast<char>('0' + hundredths % 10)});
  if (trips) out.append(";desc=").append(fmt::format_int(*trips).c_str());
}

std::string server_timing(const Timing& timing, std::chrono::nanoseconds time) {
  constexpr std::size_t kTypicalLength = 96;
  std::string out;
  out.reserve(kTypicalLength);
  append_timing(out, "app", time);
  append_timing(out, ", pg", timing.pg, timing.pg_trips);
  append_timing(out, ", redis", timing.redis, timing.redis_trips);
  return out;
}

}  // namespace

Pipeline::Pipeline(const Router& router, const Shell& shell, pg::Db& db, session::Sessions& sessions,
                   redis::Client& redis, PipelineConfig config, Gate gate, Prepare prepare, Observe observe,
                   Purge purge, MakeFileReceiver make_receiver)
    : router_(router),
      shell_(shell),
      db_(db),
      sessions_(sessions),
      redis_(redis),
      config_(std::move(config)),
      gate_(std::move(gate)),
      prepare_(std::move(prepare)),
      observe_(std::move(observe)),
      purge_(std::move(purge)),
      make_receiver_(std::move(make_receiver)) {
  for (const std::string& url : {shell.site->url, shell.site->admin_url}) {
    if (auto origin = Origin::parse(url)) own_origins_.push_back(*std::move(origin));
  }
  common_head_.set("X-Content-Type-Options", "nosniff");
  if (!config_.served_by.empty()) common_head_.set("X-Served-By", config_.served_by);
  page_head_ = common_head_;
  page_head_.set("Content-Security-Policy", kContentPolicy).set("Referrer-Policy", "same-origin");
}

async<http::Response> Pipeline::answer(const http::Request& request, std::chrono::milliseconds max_time) {
  const auto started = steady_clock::now();
  Timing timing;
  std::string id(request.header("x-request-id"));
  if (id.empty() || id.size() > 64 || has_control(id)) id = secret::random_id(12);
  const Call call(started + std::min(config_.request_time, max_time), id, &timing);
  http::Response response;
  std::optional<std::size_t> route;
  std::exception_ptr failure;
  try {
    response = co_await dispatch(request, call, route);
  } catch (...) { failure = std::current_exception(); }
  if (failure) {
    const std::string_view pattern = route ? router_.pattern(*route) : "-";
    response = context(request, call, session::Viewer()).error_response(error_of(failure, request, pattern, id));
  }
  response.set("X-Request-Id", id);
  // How long a body takes is the client's affair.
  const auto waited = request.body_stream ? request.body_stream->waited() : std::chrono::nanoseconds(0);
  const auto time = steady_clock::now() - started - waited;
  finish(request, response, timing, time);
  observe_({request, route, response.status, time, timing, id});
  co_return response;
}

http::Response Pipeline::error_response(const http::Request& request, const Error& error) const {
  const auto started = steady_clock::now();
  http::Response response = context(request, Call(started, {}), session::Viewer()).error_response(error);
  finish(request, response, Timing(), steady_clock::now() - started);
  return response;
}

async<http::Response> Pipeline::dispatch(const http::Request& request, const Call& call,
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
    if (const auto canonical = canonical_path(request))
      co_return context(request, call, session::Viewer()).permanent_redirect(*canonical);
  }
  const auto touch = match.background ? session::SessionTouch::no : session::SessionTouch::yes;
  session::Viewer viewer = co_await sessions_.identify(call, sessions_.cookie_of(request), touch);
  Context ctx = context(request, call, std::move(viewer));
  if (prepare_) co_await prepare_(ctx);
  ctx.params = std::move(match.params);
  if (gate_) {
    if (auto stop = gate_(ctx)) {
      // A write that succeeded at an address which has moved since is not done again at the new one.
      if (stop->status == kPermanentRedirect && match.handler != nullptr && match.body != BodyMode::streamed &&
          !http::is_safe(request.method)) {
        auto previous = co_await repetition(ctx, *match.handler);
        if (previous) co_return std::move(*previous);
      }
      co_return std::move(*stop);
    }
  }
  if (match.handler == nullptr) co_return ctx.error_response(Error(ErrorCode::not_found, "error.not_found"_msg));
  if (http::is_safe(request.method)) co_return co_await (*match.handler)(ctx);
  if (match.body == BodyMode::form_with_files && request.body_stream != nullptr) {
    auto failed = co_await read_form(ctx);
    if (failed) co_return std::move(*failed);
  }
  if (is_from_other_member(ctx)) {
    http::Response response = ctx.stale_form_response();
    set_member_header(ctx, response);
    co_return response;
  }
  // A repetition is not recognised by a body that nobody has read yet: the handler says how one may resume.
  if (match.body == BodyMode::streamed) co_return co_await (*match.handler)(ctx);
  http::Response response = co_await write(ctx, *match.handler);
  if (!ctx.is_api()) set_member_header(ctx, response);
  if (response.status < kFirstErrorStatus && !ctx.is_api()) ctx.set_read_your_writes(response);
  co_return response;
}

std::optional<std::string> Pipeline::canonical_path(const http::Request& request) const {
  if (!http::is_safe(request.method)) return std::nullopt;
  std::string canonical;
  for (const auto part : std::views::split(request.path, '/')) {
    if (!part.empty()) canonical.append("/").append(std::string_view(part));
  }
  if (canonical.empty()) canonical = "/";
  // API clients learn that their address is wrong. And no path leads to another site, whatever the routes are.
  if (canonical.starts_with("/api/") || local_path(canonical) != canonical) return std::nullopt;
  if (router_.match(request.method, canonical).handler == nullptr) return std::nullopt;
  return canonical;
}

async<std::optional<http::Response>> Pipeline::read_form(Context& ctx) {
  using Outcome = FormReader::Outcome;
  FormLimits limits = config_.form_limits;
  limits.call_time = config_.request_time;
  FormReader reader(ctx, make_receiver_ ? make_receiver_(ctx) : nullptr, limits);
  const auto boundary = http::multipart_boundary(ctx.request.header("content-type"));
  const Outcome outcome = co_await reader.read(*ctx.request.body_stream, boundary.value_or(""));
  switch (outcome) {
    case Outcome::complete:
      co_return std::nullopt;
    case Outcome::malformed:
      co_return ctx.error_response(Error(ErrorCode::bad_request, "error.bad_form"_msg));
    case Outcome::too_large:
      co_return ctx.error_response(Error(ErrorCode::too_large, "error.form_too_large"_msg));
    case Outcome::files_refused:
      co_return ctx.error_response(Error(ErrorCode::invalid, "error.form_file"_msg));
    case Outcome::stopping:
      co_return ctx.error_response(Error(ErrorCode::unavailable, "error.unavailable"_msg));
    case Outcome::client_failed:
      break;
  }
  co_return http::plain_error(408);
}

async<http::Response> Pipeline::write(Context& ctx, const Handler& handler) {
  std::optional<IdempotencyKey> idempotency_key = idempotency_key_of(ctx, config_.proxies.contains(ctx.request.peer));
  bool needs_purge = false;
  ctx.call.set_purge_flag(&needs_purge);
  http::Response response;
  if (idempotency_key) {
    response = co_await write_idempotent(ctx, handler, *idempotency_key);
  } else {
    response = co_await handler(ctx);
  }
  // A repetition removes nothing itself, and whether the first request came as far as this is unknown.
  if (!needs_purge && !(idempotency_key && idempotency_key->previous_result)) co_return response;
  const bool purged = co_await purge_(ctx.call.request_id());
  if (!purged) ctx.warn_unpurged(response);
  co_return response;
}

async<std::optional<http::Response>> Pipeline::repetition(Context& ctx, const Handler& handler) {
  if (ctx.request.body_stream != nullptr) {
    const auto failed = co_await read_form(ctx);
    if (failed) co_return std::nullopt;
  }
  std::optional<IdempotencyKey> idempotency_key = idempotency_key_of(ctx, config_.proxies.contains(ctx.request.peer));
  if (!idempotency_key) co_return std::nullopt;
  const auto previous = co_await find_previous(ctx, *idempotency_key, false);
  if (!previous || !*previous || !(*previous)->same_request) co_return std::nullopt;
  idempotency_key->previous_result = (*previous)->result;
  ctx.call.set_idempotency_key(&*idempotency_key);
  http::Response response = co_await handler(ctx);
  co_return response;
}

async<http::Response> Pipeline::write_idempotent(Context& ctx, const Handler& handler,
                                                 IdempotencyKey& idempotency_key) {
  ctx.call.set_idempotency_key(&idempotency_key);
  std::optional<http::Response> first;
  std::exception_ptr connection_error;
  try {
    first = co_await handler(ctx);
  } catch (const pg::Unavailable&) { connection_error = std::current_exception(); }
  if (first && !may_be_repetition(first->status)) co_return std::move(*first);
  // The handler failed perhaps because an earlier request did the write, or the response to COMMIT was lost: the key
  // decides.
  const auto previous = co_await find_previous(ctx, idempotency_key, connection_error != nullptr);
  if (!previous) {  // PostgreSQL does not answer
    if (connection_error) std::rethrow_exception(connection_error);
    co_return std::move(*first);
  }
  if (!*previous && first) co_return std::move(*first);
  if (*previous && !(*previous)->same_request) {
    co_return ctx.error_response(Error(ErrorCode::invalid, "error.key_reused"_msg));
  }
  // Nothing was written, so it is written now. If the lost transaction still commits, the key makes this one fail.
  if (*previous) idempotency_key.previous_result = (*previous)->result;
  co_return co_await handler(ctx);
}

async<std::optional<std::optional<idempotency::KeyRecord>>> Pipeline::find_previous(
    const Context& ctx, const IdempotencyKey& idempotency_key, bool retry) {
  while (true) {
    try {
      co_return co_await idempotency::find(db_, ctx.call, idempotency_key, ctx.viewer.id);
    } catch (const pg::Unavailable&) {}
    if (!retry || steady_clock::now() + kRetryDelay >= ctx.call.deadline()) co_return std::nullopt;
    co_await sleep_for(kRetryDelay);
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
  response.add_head_of(request.path.starts_with("/api/") ? common_head_ : page_head_);
  // Every 503 says when to try again, whichever page it is; browsers and other clients then do.
  constexpr std::string_view kRetrySeconds = "5";
  if (response.status == static_cast<int>(ErrorCode::unavailable) && !response.head().contains("Retry-After:")) {
    response.set("Retry-After", kRetrySeconds);
  }
  if (config_.show_timing) response.set("Server-Timing", server_timing(timing, time));
}

}  // namespace ms::web
