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
#include "infra/storage/async_store.hpp"
#include "infra/web/context.hpp"
#include "infra/web/file_receiver.hpp"
#include "infra/web/router.hpp"
#include "infra/write/write.hpp"

namespace ms::program {

/// What the threads of a worker share.
struct Shared {
  CpuPool& hashing;  ///< threads for passwords
  storage::AsyncStore& store;
};

/// What one thread of either program is made of. It shares nothing with other threads but Shared.
struct Services {
  Services(const config::Settings& with, config::Program program, const Shared& shared);

  const config::Settings& settings;
  const secret::Keyring keys;  ///< of [session] secret
  storage::AsyncStore& store;  ///< of files
  asio::io_context io{1};
  pg::Db db;
  purge::Purger purger;
  redis::Client redis;
  cache::RedisCache cache;
  limit::Limiter limiter;
  live::Publisher publisher;
  session::Accounts accounts;
  session::Sessions sessions;
  write::Writer writer;
  boards::Boards boards;
  notifications::Notifications notifications;
  members::Members members;
  presence::Presence presence;

  /// An app sets these two in its constructor: what it does besides Services with a notification of PostgreSQL, and
  /// when some may have been lost.
  std::function<void(std::string_view channel, std::string_view payload)> on_notify;
  std::function<void()> on_notify_lost;

  /// The statistics of this thread's local caches.
  std::vector<cache::LocalCacheStats> cache_stats() const;

  pg::Listener listener;  // last: its notifications reach all members above
};

/// What differs between the two programs: the pages, and what each request must satisfy. One per thread.
class App {
 public:
  virtual ~App() = default;

  virtual void add_routes(web::Router& router) = 0;
  virtual web::Layout layout() const = 0;
  /// Runs once the session is known: makes the viewer's menu. Requests that fail earlier (a write from another site, a
  /// wrong method, a body that is too large) and pages about an exception have no menu.
  virtual async<void> prepare(web::Context& ctx) = 0;
  /// The response that keeps this viewer out, or nothing.
  virtual std::optional<http::Response> gate(const web::Context& ctx) = 0;
  /// What stores the files of a form (Router::post_with_files); null: this request may not have any.
  virtual std::unique_ptr<web::FileReceiver> receive_files(web::Context&) { return nullptr; }
  /// Spawned once on the thread's io_context; runs until the io_context stops.
  virtual async<void> background() = 0;
  /// How many of the requests in flight only wait for a value that another request loads.
  virtual std::size_t waiting() const noexcept = 0;
  /// The statistics of local caches that the app has besides those of Services.
  virtual std::vector<cache::LocalCacheStats> cache_stats() const { return {}; }
  /// Runs after the last response: writes down what exists only in memory.
  virtual async<void> finish() = 0;
};

using MakeApp = std::unique_ptr<App> (*)(Services& services);

}  // namespace ms::program
