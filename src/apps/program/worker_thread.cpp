#include "apps/program/worker_thread.hpp"

#include <spdlog/spdlog.h>

#include <boost/json.hpp>

#include "apps/program/jobs.hpp"
#include "infra/core/version.hpp"
#include "infra/http/wire.hpp"
#include "infra/io/sleep.hpp"

namespace ms::program {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr auto kPollPeriod = std::chrono::seconds(1);
constexpr pg::Query kPing{"program.ping", "select 1"};
// Nginx closes idle upstream connections after 5 s (deploy/nginx); we must not be the first.
constexpr auto kIdleGrace = std::chrono::seconds(6);

// How long a start waits for a dependency that it can do without.
constexpr auto kDatabaseWait = std::chrono::milliseconds(2000);
constexpr auto kRedisWait = std::chrono::milliseconds(300);
constexpr process::Dependencies kPostgres = 1;
constexpr process::Dependencies kRedis = 2;

// Nginx says which of its tries this is (X-Upstream-Try, deploy/nginx). Requests that do not come through Nginx have no
// such header.
constexpr std::string_view kFirstTry = "first";
constexpr std::string_view kLastTry = "last";
// The first try may have used all of http.answer_ms, and a client waits at most 3 s in total.
constexpr auto kLastTryTime = std::chrono::milliseconds(700);
// Longer than every http.answer_ms.
constexpr auto kNoLimit = std::chrono::milliseconds::max();
// For this long after a last try, this server assumes that no other one answers.
constexpr auto kSoleServerTime = std::chrono::seconds(2);
constexpr auto kStandstill = std::chrono::milliseconds(500);
constexpr auto kStreamGrace = std::chrono::seconds(5);

/// Whether PostgreSQL answers. A lost connection is usually back within milliseconds, and requests wait for that.
bool answers(const pg::State& database) { return database.up || database.back_soon; }

bool is_try(const http::Request& request, std::string_view which) { return request.header("x-upstream-try") == which; }

view::Site site_of(const config::Settings::Site& site) {
  return {site.name,  site.url, site.admin_url,    site.representative, site.address,
          site.phone, site.fax, site.registration, site.email};
}

web::PipelineConfig pipeline_config(const config::Settings& settings, config::Program program) {
  const std::string& url = program == config::Program::site ? settings.site.url : settings.site.admin_url;
  const auto proxies = config::TrustedProxies::parse(settings.proxy.trusted);
  return {settings.server.show_served_by ? settings.server.name : std::string(),
          settings.server.show_timing,
          std::chrono::milliseconds(settings.http.answer_ms),
          proxies.value(),
          url.starts_with("https:"),  // config::load refused what does not parse
          {.field_bytes = static_cast<std::size_t>(settings.http.body_bytes)}};
}

// Percent of http.in_flight at which pages of guests and of members get 503. Writes may use all of it.
constexpr std::size_t kGuestShare = 60;
constexpr std::size_t kMemberShare = 85;

/// Plain text instead of a page: this response must cost next to nothing.
http::Response too_busy(const http::Request& request) {
  const Error busy(ErrorCode::unavailable, "error.busy"_msg);
  if (request.path.starts_with("/api/")) return web::problem(busy);
  http::Response response = http::Response::text(503, "text/plain; charset=utf-8", tr(busy.message));
  response.set("Retry-After", "2");
  response.set("Cache-Control", "no-store");
  return response;
}

/// OPTIONS * asks about the server as a whole (RFC 9110 section 9.3.7).
http::Response capabilities() {
  http::Response response(204);
  response.set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  return response;
}

double seconds_since(Deadline then) { return std::chrono::duration<double>(steady_clock::now() - then).count(); }

json::object check(bool up, const std::string& error, Deadline since) {
  json::object out{{"state", up ? "ok" : "down"}, {"since_seconds", seconds_since(since)}};
  if (!error.empty()) out["error"] = error;
  return out;
}

}  // namespace

WorkerThread::WorkerThread(const config::Settings& settings, config::Program program, const Shared& shared,
                           Telemetry& telemetry, int thread, MakeApp make, int listen_fd)
    : settings_(settings),
      telemetry_(telemetry),
      services_(settings, program, shared),
      app_(make(services_)),
      site_(site_of(settings.site)),
      shell_{app_->layout(), &site_, settings.server.show_served_by ? settings.server.name : std::string(),
             program == config::Program::site, settings.session.cookie + ".member"},
      instruments_(telemetry, thread, router_, settings),
      pipeline_(
          router_, shell_, services_.db, services_.sessions, services_.redis, pipeline_config(settings, program),
          [this](const web::Context& ctx) { return app_->gate(ctx); },
          [this](web::Context& ctx) { return app_->prepare(ctx); },
          [this](const web::CompletedRequest& completed) { instruments_.record(completed); },
          [this](std::string_view request_id) { return services_.purger.purge_now(request_id); },
          [this](web::Context& ctx) { return app_->receive_files(ctx); }),
      server_(
          services_.io, listen_fd, config::http_limits(settings),
          [this](const http::Request& request) { return answer(request); },
          [this](int status, const http::Request& request) { return reject(status, request); },
          [this](const http::Request& request) { return router_.is_streamed(request); }) {
  app_->add_routes(router_);
  if (thread != 0) return;
  heartbeat_.emplace(services_, telemetry_, program);
  jobs_.emplace(services_.db, settings.server.name, telemetry.registry.shard());
  add_jobs(*jobs_, services_, program);
}

/// Nginx shows clients none of the other parse errors, so only a body that is too large gets a page that people see.
http::Response WorkerThread::reject(int status, const http::Request& request) {
  instruments_.count_rejected(status);
  if (status != static_cast<int>(ErrorCode::too_large)) return http::plain_error(status);
  return pipeline_.error_response(request, Error(ErrorCode::too_large, "http.body_too_large"_msg));
}

async<process::Dependencies> WorkerThread::connect(process::Dependencies expected, Deadline deadline) {
  const auto limit = [&](process::Dependencies part, std::chrono::milliseconds wait) {
    return (expected & part) != 0 ? deadline : std::min(deadline, steady_clock::now() + wait);
  };
  const bool database = co_await services_.db.ready(limit(kPostgres, kDatabaseWait));
  const bool redis = co_await services_.redis.ready(limit(kRedis, kRedisWait));
  co_return (database ? kPostgres : 0) | (redis ? kRedis : 0);
}

std::string WorkerThread::missing(process::Dependencies usable) const {
  std::string out;
  if ((usable & kPostgres) == 0) out += "PostgreSQL: " + services_.db.state().error;
  if ((usable & kRedis) == 0) out += (out.empty() ? "Redis: " : "; Redis: ") + services_.redis.state().error;
  return out;
}

process::Dependencies WorkerThread::usable() const {
  return (answers(services_.db.state()) ? kPostgres : 0) | (services_.redis.up() ? kRedis : 0);
}

void WorkerThread::start() {
  if (heartbeat_ && settings_.session.adopt) {
    spdlog::warn("[session] adopt: whoever can write to Redis can be any member of the Site (docs/operating.md)");
  }
  asio::co_spawn(services_.io, app_->background(), asio::detached);
  asio::co_spawn(services_.io, poll_dependencies(), asio::detached);
  asio::co_spawn(services_.io, instruments_.measure_lag(), asio::detached);
  instruments_.sample(services_, *app_, server_.state(), false);  // so that the first heartbeat has figures
  if (heartbeat_) {                                               // the first thread
    asio::co_spawn(services_.io, heartbeat_->run(), asio::detached);
    asio::co_spawn(services_.io, services_.purger.run(), asio::detached);
    asio::co_spawn(services_.io, jobs_->run(), asio::detached);
  }
  server_.start();
}

async<void> WorkerThread::poll_dependencies() {
  while (true) {
    co_await sleep_for(kPollPeriod);
    instruments_.sample(services_, *app_, server_.state(), draining_ || telemetry_.drained);
    update_failover();
    const Call call(steady_clock::now() + kPollPeriod, "watch");
    // A write, because a read-only Redis is of no use. The result counts in the client's circuit breaker.
    redis::Command write("SET", "__minschool_probe", 1, "PX", 1000);
    co_await services_.redis.execute(call, std::move(write));
    try {
      pg::Batch batch = services_.db.batch(call);
      batch.add(kPing);
      co_await batch.send();
    } catch (const std::exception&) {
      // pg::Db has recorded it: state() reports it
    }
  }
}

async<void> WorkerThread::drain(std::chrono::milliseconds limit) {
  draining_ = true;
  if (heartbeat_) heartbeat_->stop();
  if (jobs_) jobs_->stop();
  const Deadline until = steady_clock::now() + limit;
  co_await server_.drain(kIdleGrace, until);
  if (jobs_) co_await jobs_->finish(until);
  co_await app_->finish();
  co_await services_.publisher.flush(until);
  services_.io.stop();
}

async<http::Response> WorkerThread::answer(const http::Request& request) {
  // These are answered from memory, before anything that may wait: monitors ask just when a dependency is down.
  if (request.path == "/health") co_return health();
  if (request.path == "/metrics" && settings_.server.metrics) co_return metrics(request);
  if (request.target == "*") co_return capabilities();
  // Closes the connection without a response, so that Nginx asks another server, for writes too, and skips this one for
  // a second.
  if (defers_to_others(request)) co_return http::Response(http::kNoAnswer);
  if (!admits(request)) {
    instruments_.count_turned_away();
    co_return too_busy(request);
  }
  const auto begun = steady_clock::now();
  http::Response response = co_await pipeline_.answer(request, is_try(request, kLastTry) ? kLastTryTime : kNoLimit);
  if (response.status != static_cast<int>(ErrorCode::unavailable)) co_return response;
  // PostgreSQL was lost while this request waited for it; or this process stood still, so that the deadline had passed
  // when it went on.
  const bool stood_still =
      request.body_stream == nullptr &&
      steady_clock::now() - begun > std::chrono::milliseconds(settings_.http.answer_ms) + kStandstill;
  if (defers_to_others(request) || (stood_still && is_try(request, kFirstTry))) {
    co_return http::Response(http::kNoAnswer);
  }
  co_return response;
}

bool WorkerThread::defers_to_others(const http::Request& request) {
  const bool drained = telemetry_.drained;
  if (!drained && answers(services_.db.state())) return false;
  const auto now = steady_clock::now();
  if (is_try(request, kLastTry)) last_try_at_ = now;
  // When no other server answers, each request would first visit all of them in vain.
  const bool alone = now - last_try_at_ < kSoleServerTime;
  if (alone || (!drained && !is_try(request, kFirstTry))) return false;
  deferred_at_ = now;
  return true;
}

void WorkerThread::update_failover() {
  const auto now = steady_clock::now();
  if (const bool database_lost = !answers(services_.db.state()); database_lost != database_lost_) {
    database_lost_ = database_lost;
    database_changed_at_ = now;
    if (database_lost) {
      spdlog::warn("PostgreSQL does not answer: requests are left to other servers where there are some");
    } else {
      spdlog::info("PostgreSQL answers again: requests are served");
    }
  }
  // A stream without PostgreSQL delivers nothing new. Another server serves when requests were left to it lately and
  // none came back.
  const bool others_serve = database_lost_ && now - database_changed_at_ > kStreamGrace &&
                            now - deferred_at_ < kStreamGrace && now - last_try_at_ > kStreamGrace;
  if (telemetry_.drained || others_serve) server_.end_streams();
}

bool WorkerThread::admits(const http::Request& request) const {
  const auto limit = static_cast<std::size_t>(settings_.http.in_flight);
  // A request that waits for a page which another one loads costs nothing: a crowd for one new page is admitted.
  const auto busy = server_.state().in_flight - std::min(server_.state().in_flight, app_->waiting());
  if (!http::is_safe(request.method)) return busy <= limit;
  const bool member = services_.sessions.cookie_of(request).has_value();
  return busy <= limit * (member ? kMemberShare : kGuestShare) / 100;
}

http::Response WorkerThread::metrics(const http::Request& request) {
  instruments_.sample(services_, *app_, server_.state(), draining_ || telemetry_.drained);
  return instruments_.scrape(request);
}

http::Response WorkerThread::health() const {
  const pg::State database = services_.db.state();
  const redis::State redis = services_.redis.state();
  const http::ServerState server = server_.state();
  const auto write_fault = telemetry_.write_fault.load();
  const bool leaving = draining_ || telemetry_.drained;
  const bool down = leaving || !database.up;
  const bool degraded = !redis.up || write_fault;
  json::object postgres = check(database.up, database.error, database.since);
  if (database.up && write_fault) {
    postgres = {
        {"state", "degraded"}, {"since_seconds", seconds_since(write_fault->since)}, {"error", write_fault->why}};
  }
  json::object checks{{"postgresql", std::move(postgres)}, {"redis", check(redis.up, redis.error, redis.since)}};
  json::object body{{"status", down       ? "down"
                               : degraded ? "degraded"
                                          : "ok"},
                    {"verdict", tr(down       ? "health.down"_msg
                                   : degraded ? "health.degraded"_msg
                                              : "health.ok"_msg)},
                    {"server", settings_.server.name},
                    {"version", version()},
                    {"draining", leaving},
                    {"uptime_seconds", seconds_since(started_at_)},
                    {"requests_in_flight", server.in_flight},
                    {"connections", server.connections},
                    {"streams", server.streams},
                    {"streamed_bodies", server.streamed_bodies},
                    {"checks", std::move(checks)}};
  http::Response response = http::Response::text(down ? 503 : 200, "application/json", json::serialize(body));
  response.set("Cache-Control", "no-store");
  return response;
}

}  // namespace ms::program
