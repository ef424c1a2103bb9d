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

// Who is online: the sorted sets `online:users` (ids of members) and `online:guests` (keyed hashes of address and
// browser) in Redis, scored by the second of the last request to any server. Only Redis has them: without it presence
// is unknown, and nothing else is affected. PostgreSQL stores whether a member hides their presence.
namespace ms::presence {

/// A viewer counts as online for so long after the last request, or the last tick of an open stream.
constexpr auto kOnlineTime = std::chrono::seconds(120);
constexpr int kMaxNames = 200;  ///< of online members, shown at once

struct Counts {
  std::int64_t members = 0;  ///< without those who hide their presence
  std::int64_t guests = 0;   ///< distinguished by address and browser
};

struct Person {
  MemberId id;
  std::string name;
};

/// The content of the page 현재 접속자.
struct Online {
  Counts counts;
  std::vector<Person> people;  ///< latest request first, at most kMaxNames; none for a guest
  std::int64_t more = 0;       ///< online members who are not listed
};

class Presence {
 public:
  /// `secret` is the same on all servers; the keys of guests are derived from it.
  Presence(pg::Db& db, redis::Client& redis, session::Sessions& sessions, write::Writer& writer,
           const std::string& secret);

  /// Records that the viewer of a request is online. Sets a guest's key, by which record_stream() identifies them.
  void record_request(session::Viewer& viewer, std::string_view address, std::string_view agent, Timestamp at);
  /// Records an open stream of a viewer who was recorded by record_request(). Neither call waits for Redis, and
  /// repeated calls are not all sent.
  void record_stream(const session::Viewer& viewer, Timestamp at);

  /// Records that the member logged out: they are no longer online, on any server.
  async<void> remove(const Call& call, MemberId member);
  /// Call when something about the member changed, perhaps on another server: this thread then sends their presence
  /// again.
  void changed(MemberId member) { members_.sent_at.invalidate(member); }
  std::vector<cache::LocalCacheStats> cache_stats() const {
    return {members_.sent_at.stats(), guests_.sent_at.stats()};
  }

  /// On all servers, at most a second old; nothing while Redis is gone.
  async<std::optional<Counts>> counts(const Call& call, Timestamp at);
  /// The same, for a member with names from PostgreSQL.
  async<std::optional<Online>> online(const Call& call, const session::Viewer& viewer, Timestamp at);
  /// Sets whether `viewer` hides their presence; in effect on all servers when it returns. Unexpected: conflict, when
  /// the setting is no longer `before`, which the form began with.
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
    Timestamp swept_at{};
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
