#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "features/presence/presence.hpp"
#include "infra/cache/redis_cache.hpp"
#include "infra/core/id.hpp"
#include "infra/core/time.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"
#include "infra/web/router.hpp"

// The first page of the Admin: totals, who is online, what is new, and whether PostgreSQL and Redis work.
namespace ms::admin {

/// The totals. A day begins at midnight in Seoul; posts and comments are the visible ones.
struct Figures {
  std::int64_t members = 0;
  std::int64_t members_today = 0;
  std::int64_t posts = 0;
  std::int64_t posts_today = 0;
  std::int64_t comments = 0;
  std::int64_t comments_today = 0;
  std::int64_t sessions = 0;  ///< logins at the Site that have not ended
};

struct NewMember {
  MemberId id;
  std::string name;
  Timestamp joined;
};

struct NewPost {
  PostId id;
  std::string title;
  std::string board;
  Timestamp created;
};

/// The content of the page.
struct Dashboard {
  Figures figures;
  std::optional<presence::Counts> online;  ///< nullopt: unknown without Redis
  std::vector<NewMember> members;          ///< newest first
  std::vector<NewPost> posts;              ///< newest first, visible ones
  pg::State postgres;
  redis::State redis;
};

/// GET /.
void add_dashboard_routes(web::Router& router, pg::Db& db, redis::Client& redis, cache::RedisCache& cache,
                          presence::Presence& presence);

}  // namespace ms::admin
