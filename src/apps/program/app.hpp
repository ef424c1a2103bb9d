#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "features/boards/boards.hpp"
#include "features/members/members.hpp"
#include "features/notifications/notifications.hpp"
#include "features/presence/presence.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/config/config.hpp"
#include "infra/io/cpu_pool.hpp"
#include "infra/limit/limiter.hpp"
#include "infra/live/publisher.hpp"
#include "infra/pg/db.hpp"
#include "infra/pg/listen.hpp"
#include "infra/purge/purger.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/accounts.hpp"
#include "infra/session/sessions.hpp"
#include "infra/web/context.hpp"
#include "infra/web/router.hpp"

namespace ms::program {

/// What one thread of either program is made of; nothing in it is shared with another thread but the CpuPool.
struct Services {
  Services(const config::Settings& with, config::Program program, CpuPool& hashing);

  const config::Settings& settings;
  const secret::Keyring keys;  ///< of [session] secret
  asio::io_context io{1};
  pg::Db db;
  purge::Purger purger;
  redis::Client redis;
  cache::RedisCache cache;
  limit::Limiter limiter;
  live::Publisher publisher;
  session::Accounts accounts;
  session::Sessions sessions;
  boards::Boards boards;
  notifications::Notifications notifications;
  members::Members members;
  presence::Presence presence;

  /// What an app adds in its constructor to what Parts do with a notification of PostgreSQL, and with having perhaps
  /// missed some.
  std::function<void(std::string_view channel, std::string_view payload)> heard;
  std::function<void()> missed;

  /// Of the caches in this thread's memory.
  std::vector<cache::LocalCacheStats> cache_stats() const;

  pg::Listener listener;  // last: its messages reach all of the above
};

/// What makes a program itself: its pages, and what it demands of every request. One per thread.
class App {
 public:
  virtual ~App() = default;

  virtual void add_routes(web::Router& router) = 0;
  virtual web::Layout layout() const = 0;
  /// Once the session is known: the visitor's menu. What is refused before that (another site's write, a wrong method,
  /// a body that is too large) and a page about an exception have none.
  virtual async<void> prepare(web::Context& ctx) = 0;
  /// The answer that keeps this visitor out, or nothing.
  virtual std::optional<http::Response> gate(const web::Context& ctx) = 0;
  /// Spawned once on the thread's io_context; runs until it is stopped.
  virtual async<void> background() = 0;
  /// Of the requests that are being answered, those that only wait for what another one reads.
  virtual std::size_t waiting() const noexcept = 0;
  /// Of the caches that it has beside those of Services.
  virtual std::vector<cache::LocalCacheStats> cache_stats() const { return {}; }
  /// The last request was answered: write down what is only in memory.
  virtual async<void> finish() = 0;
};

using MakeApp = std::unique_ptr<App> (*)(Services& services);

}  // namespace ms::program
