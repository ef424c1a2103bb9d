#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "infra/config/proxies.hpp"
#include "infra/http/message.hpp"
#include "infra/idempotency/idempotency.hpp"
#include "infra/io/async.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/sessions.hpp"
#include "infra/web/context.hpp"
#include "infra/web/origin.hpp"
#include "infra/web/router.hpp"

namespace ms::web {

struct PipelineConfig {
  std::string served_by;    ///< X-Served-By; empty: not said
  bool show_timing = true;  ///< Server-Timing
  std::chrono::milliseconds request_time{1800};
  config::TrustedProxies proxies;
  bool https = false;  ///< its public address is: visitors come by TLS, whatever a proxy in between says
};

/// A request that has its answer.
struct Answered {
  const http::Request& request;
  std::optional<std::size_t> route;  ///< of the Router; none: no such address, or refused before
  int status;
  std::chrono::nanoseconds time;
  const Timing& timing;
  std::string_view id;
};

/// The one ordered way of a request, and why each stage stands where it does:
///  1. clock and request id      - everything after is timed and can be found in a log
///  2. error wall                - whatever is thrown below becomes a 503 or 500 page, never a lost connection
///  3. same origin               - before the session: a foreign write costs nothing (Fetch Metadata, RFC 6454)
///  4. route                     - before the session: an unknown path, or one with slashes too many, needs no Redis
///  5. session                   - who asks
///  6. prepare                   - what every page of the program shows
///  7. gate                      - what the whole program demands (Admin: staff only; Site: addresses of boards)
///  8. handler
class Pipeline {
 public:
  /// Nothing to let the request pass, or the answer that stops it.
  using Gate = std::function<std::optional<http::Response>(const Context&)>;
  /// Runs once the session is known: the visitor's menu, "who is online".
  using Prepare = std::function<async<void>(Context&)>;
  /// Told of each request that answer() answered, for metrics and the log; must not throw.
  using Observe = std::function<void(const Answered&)>;
  /// Called before the answer to a write that took away what guests could see: false when saved pages still show it.
  using Purge = std::function<async<bool>(std::string_view request_id)>;

  Pipeline(const Router& router, const Shell& shell, pg::Db& db, session::Sessions& sessions, redis::Client& redis,
           PipelineConfig config, Gate gate, Prepare prepare, Observe observe, Purge purge);

  /// Never throws. Takes at most PipelineConfig::request_time, and at most `at_most`.
  async<http::Response> answer(const http::Request& request, std::chrono::milliseconds at_most);
  /// The refusal of a request that never came so far as to have a route or a visitor.
  http::Response error_response(const http::Request& request, const Error& error) const;

 private:
  /// Notes the route in `route` as soon as it is known.
  async<http::Response> routed(const http::Request& request, const Call& call, std::optional<std::size_t>& route);
  /// Where the page is that was asked for with slashes too many ("//boards/free/"); not below /api/.
  std::optional<std::string> usual_path(const http::Request& request) const;
  async<http::Response> write(Context& ctx, const Handler& handler);
  /// Runs a write's handler so that a repetition gets the first result again (infra/idempotency).
  async<http::Response> write_idempotent(Context& ctx, const Handler& handler, IdempotencyKey& idempotency_key);
  /// The answer to a write that is known to be a repetition; nothing for any other, and it is not carried out.
  async<std::optional<http::Response>> repetition(Context& ctx, const Handler& handler);
  /// What the key has done before; outer nullopt: PostgreSQL did not answer, within the deadline if `patient`.
  async<std::optional<std::optional<idempotency::Found>>> look_up(const Context& ctx,
                                                                  const IdempotencyKey& idempotency_key, bool patient);
  Context context(const http::Request& request, const Call& call, session::Viewer viewer) const;
  std::string client_address(const http::Request& request) const;
  /// The visitor came by TLS, as a trusted proxy tells it.
  bool secure(const http::Request& request) const;
  void finish(const http::Request& request, http::Response& response, const Timing& timing,
              std::chrono::nanoseconds time) const;

  const Router& router_;
  const Shell& shell_;
  pg::Db& db_;
  session::Sessions& sessions_;
  redis::Client& redis_;
  PipelineConfig config_;
  std::vector<Origin> own_origins_;
  http::Response of_every_answer_;
  http::Response of_every_page_;
  Gate gate_;
  Prepare prepare_;
  Observe observe_;
  Purge purge_;
};

}  // namespace ms::web
