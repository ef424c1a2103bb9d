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
#include "infra/web/form_reader.hpp"
#include "infra/web/origin.hpp"
#include "infra/web/router.hpp"

namespace ms::web {

struct PipelineConfig {
  std::string served_by;    ///< X-Served-By; empty: not sent
  bool show_timing = true;  ///< Server-Timing
  std::chrono::milliseconds request_time{1800};
  config::TrustedProxies proxies;
  bool https = false;  ///< the public address is https: clients use TLS, whatever a proxy in between reports
  FormLimits form_limits = {};
};

/// A request with its response, for metrics and the log.
struct CompletedRequest {
  const http::Request& request;
  std::optional<std::size_t> route;  ///< of the Router; none: no such address, or an error before routing
  int status;
  std::chrono::nanoseconds time;
  const Timing& timing;
  std::string_view id;
};

/// The fixed order of the stages of a request, with the reason for each place:
///  1. clock and request id      - everything after is timed and can be found in a log
///  2. exception barrier         - whatever is thrown below becomes a 503 or 500 page, never a lost connection
///  3. same origin               - before the session: a foreign write costs nothing (Fetch Metadata, RFC 6454)
///  4. route                     - before the session: an unknown path, or one with extra slashes, needs no Redis
///  5. session                   - identifies the viewer
///  6. prepare                   - what every page of the program shows
///  7. gate                      - what the whole program requires (Admin: staff only; Site: addresses of boards)
///  8. form with files           - after the gate: a stranger stores nothing; before the write, which compares forms
///  9. handler
class Pipeline {
 public:
  /// Returns nothing to let the request pass, or the response that stops it.
  using Gate = std::function<std::optional<http::Response>(const Context&)>;
  /// Runs once the session is known: the viewer's menu, presence.
  using Prepare = std::function<async<void>(Context&)>;
  /// Gets each request that answer() responded to, for metrics and the log; must not throw.
  using Observe = std::function<void(const CompletedRequest&)>;
  /// Runs before the response to a write that removed something guests could see. False: saved pages still show it.
  using Purge = std::function<async<bool>(std::string_view request_id)>;

  Pipeline(const Router& router, const Shell& shell, pg::Db& db, session::Sessions& sessions, redis::Client& redis,
           PipelineConfig config, Gate gate, Prepare prepare, Observe observe, Purge purge,
           MakeFileReceiver make_receiver = nullptr);

  /// Never throws. Takes at most PipelineConfig::request_time, and at most `max_time`; with a streamed body as long as
  /// that takes.
  async<http::Response> answer(const http::Request& request, std::chrono::milliseconds max_time);
  /// The error response to a request that did not get as far as a route or a viewer.
  http::Response error_response(const http::Request& request, const Error& error) const;

 private:
  /// Sets `route` as soon as it is known.
  async<http::Response> dispatch(const http::Request& request, const Call& call, std::optional<std::size_t>& route);
  /// The page's canonical path when the request has extra slashes ("//boards/free/"); not below /api/.
  std::optional<std::string> canonical_path(const http::Request& request) const;
  /// Reads a form with files; the response when that failed.
  async<std::optional<http::Response>> read_form(Context& ctx);
  async<http::Response> write(Context& ctx, const Handler& handler);
  /// Runs a write's handler so that a repetition gets the previous result (infra/idempotency).
  async<http::Response> write_idempotent(Context& ctx, const Handler& handler, IdempotencyKey& idempotency_key);
  /// The response to a write that is known to be a repetition; nothing for any other, which is not carried out.
  async<std::optional<http::Response>> repetition(Context& ctx, const Handler& handler);
  /// What the key's previous request did. Outer nullopt: PostgreSQL did not answer, within the deadline if `retry`.
  async<std::optional<std::optional<idempotency::KeyRecord>>> find_previous(const Context& ctx,
                                                                            const IdempotencyKey& idempotency_key,
                                                                            bool retry);
  Context context(const http::Request& request, const Call& call, session::Viewer viewer) const;
  std::string client_address(const http::Request& request) const;
  /// Whether the client uses TLS, as a trusted proxy reports.
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
  http::Response common_head_;
  http::Response page_head_;
  Gate gate_;
  Prepare prepare_;
  Observe observe_;
  Purge purge_;
  MakeFileReceiver make_receiver_;
};

}  // namespace ms::web
