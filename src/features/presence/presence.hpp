#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infra/cache/local_cache.hpp"
#include "infra/core/id.hpp"
#include "infra/core/result.hpp"
#include "infra/core/time.hpp"
#include "infra/io/async.hpp"
#include "infra/io/call.hpp"
#include "infra/pg/db.hpp"
#include "infra/redis/client.hpp"
#include "infra/session/sessions.hpp"
#include "infra/session/viewer.hpp"
#include "infra/web/router.hpp"

namespace ms::write {
class Writer;
}

// Who is here: the sorted sets `online:users` (ids of members) and `online:guests` (keyed hashes of address and
// browser) in Redis, scored by the second somebody was last seen on any server. They live only in Redis: while that is
// gone, nobody knows who is here, and nothing else suffers. Whether a member wants to be seen stands in PostgreSQL.
namespace ms::presence {

/// A viewer counts as online for so long after the last request, or the last tick of an open stream.
constexpr auto kHere = std::chrono::seconds(120);
constexpr int kMaxNames = 200;  ///< of members who are here, shown at once

struct Counts {
  std::int64_t members = 0;  ///< without those who hide
  std::int64_t guests = 0;   ///< different ones by address and browser
};

struct Person {
  MemberId id;
  std::string name;
};

/// What 현재 접속자 shows.
struct Online {
  Counts counts;
  std::vector<Person> people;  ///< last seen first, at most kMaxNames; none for a guest
  std::int64_t more = 0;       ///< members beyond those
};

class Presence {
 public:
  /// `secret` is the same on all servers: it makes the guests' keys.
  Presence(pg::Db& db, redis::Client& redis, session::Sessions& sessions, write::Writer& writer,
           const std::string& secret);

  /// A request: its viewer is online. Gives a guest the key by which record_seen() knows them again.
  void record_request(session::Viewer& viewer, std::string_view address, std::string_view agent, Timestamp at);
  /// An open stream of a viewer of record_request(). Redis gets it without an answer, and not each time.
  void record_seen(const session::Viewer& viewer, Timestamp at);

  /// The member logged out and is not online any more, on any server.
  async<void> remove(const Call& call, MemberId member);
  /// Something about the member changed, perhaps on another server: what this thread sent about them may not hold.
  void changed(MemberId member) { members_.sent_at.invalidate(member); }
  std::vector<cache::LocalCacheStats> cache_stats() const {
    return {members_.sent_at.stats(), guests_.sent_at.stats()};
  }

  /// On all servers, at most a second old; nothing while Redis is gone.
  async<std::optional<Counts>> counts(const Call& call, Timestamp at);
  /// The same, for a member with names from PostgreSQL.
  async<std::optional<Online>> online(const Call& call, const session::Viewer& viewer, Timestamp at);
  /// Whether others may see that `viewer` is here; holds on all servers when it returns. Unexpected: conflict, when it
  /// is not `before` any more, which the form began with.
  async<Result<void>> hide(const Call& call, const session::Viewer& viewer, bool hidden, std::optional<bool> before,
                           Timestamp at);

 private:
  std::string guest_key(std::string_view address, std::string_view agent) const;
  /// When this thread last sent each viewer.
  template <class Key>
  using SendTimes = cache::LocalCache<Key, Timestamp>;
  template <class Key>
  struct OnlineSet {
    std::string_view key;  ///< in Redis
    SendTimes<Key> sent_at;
    Timestamp swept{};
  };
  template <class Key>
  void send(OnlineSet<Key>& set, const Key& one, Timestamp at);

  pg::Db& db_;
  redis::Client& redis_;
  write::Writer& writer_;
  std::string key_;
  OnlineSet<MemberId> members_;
  OnlineSet<std::string> guests_;
  std::optional<Counts> counted_;
  Timestamp counted_at_{};
};

/// GET /online; the setting is on the page of features/members.
void add_site_routes(web::Router& router, Presence& presence);
/// GET /api/v1/online.
void add_api_routes(web::Router& router, Presence& presence);

}  // namespace ms::presence
